"""Which files are read as pictures."""

from __future__ import annotations

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""Endings of the files that are read as pictures."""
