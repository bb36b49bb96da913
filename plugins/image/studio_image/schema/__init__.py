"""Parameters of the picture tasks: one declaration for form, flags and record. Plain data."""

from studio_image.schema.drawing_fields import Scheduler, Style
from studio_image.schema.edit import Edit
from studio_image.schema.enlarge import Enlarge
from studio_image.schema.film import Film
from studio_image.schema.generate import Generate
from studio_image.schema.grid import Grid
from studio_image.schema.pictures import PICTURE_SUFFIXES
from studio_image.schema.repair import Repair
from studio_image.schema.restyle import Restyle

__all__ = [
    "PICTURE_SUFFIXES",
    "Edit",
    "Enlarge",
    "Film",
    "Generate",
    "Grid",
    "Repair",
    "Restyle",
    "Scheduler",
    "Style",
]
