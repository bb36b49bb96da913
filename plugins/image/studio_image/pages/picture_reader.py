"""Reading pictures beside the window: a result or its error, both come back. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

from studio.api import PluginContext, StudioError, outcome
from studio_image.pages.picture_files import read_picture, read_thumbnail
from studio_image.pages.strip import THUMB

_SHEET_SIDE = 512


def read_later(
    ctx: PluginContext,
    path: Path,
    then: Callable[[QImage | StudioError], None],
    read: Callable[[Path], QImage] = read_picture,
) -> None:
    """Read a picture on another thread, then hand it, or why not, to the window's."""
    ctx.run_later(lambda: outcome(lambda: read(path)), then)


def strip_picture(path: Path) -> QImage:
    """Return a picture small enough for the strip."""
    return read_thumbnail(path, 3 * THUMB)


def sheet_picture(path: Path) -> QImage:
    """Return a picture small enough for a contact sheet."""
    return read_thumbnail(path, _SHEET_SIDE)


def slot_picture(path: Path) -> tuple[QImage, Any]:
    """Return a small picture, and the size of the whole one."""
    return read_thumbnail(path, 2 * THUMB), read_picture(path).size()
