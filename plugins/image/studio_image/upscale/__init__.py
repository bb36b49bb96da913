"""Pictures made larger or cleaner by networks. Draws nothing new, and knows no window."""

from studio_image.upscale.loader import loader
from studio_image.upscale.task import enlarge, enlarged

__all__ = ["enlarge", "enlarged", "loader"]
