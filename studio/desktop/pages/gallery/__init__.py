"""The Gallery: its page, the grid, the details beside it, the bin."""

from studio.desktop.pages.gallery.page import GalleryPage, build

__all__ = ["GalleryPage", "build"]
