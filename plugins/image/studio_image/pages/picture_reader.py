"""Reading pictures beside the window: a result or its error, both come back. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

from studio.api import PluginContext, SavedArtifact, StudioError, outcome
from studio_image.pages.picture_files import read_picture, read_thumbnail
from studio_image.schema import Edit

_THUMB, _SHEET_SIDE = 64, 512


def read_later(
    ctx: PluginContext,
    path: Path,
    then: Callable[[QImage | StudioError], None],
) -> None:
    """Read a picture on another thread, then hand it, or why not, to the window's."""
    ctx.run_later(lambda: outcome(lambda: read_picture(path)), then)


def strip_picture(artifact: SavedArtifact) -> QImage:
    """Return a picture small enough for the strip."""
    return read_thumbnail(artifact.path, 3 * _THUMB)


def sheet_picture(path: Path) -> QImage:
    """Return a picture small enough for a contact sheet."""
    return read_thumbnail(path, _SHEET_SIDE)


def slot_picture(path: Path) -> tuple[QImage, Any]:
    """Return a small picture, and the size of the whole one."""
    return read_thumbnail(path, 2 * _THUMB), read_picture(path).size()


def adjusted_picture(image: QImage, edit: Edit) -> QImage:
    """Return a picture as it is edited, in its own size. For another thread than the window's."""
    import numpy as np  # here, for the window starts without it

    from studio_image.repair.adjustment import adjusted

    kind = QImage.Format.Format_RGBA8888
    whole = image.convertToFormat(kind)
    pixels = np.frombuffer(whole.constBits(), np.uint8).reshape(whole.height(), whole.width(), 4)
    clear = image.hasAlphaChannel()
    result = adjusted(pixels if clear else pixels[..., :3], edit, resize=False)
    if not clear:
        result = np.dstack((result, np.full(result.shape[:2], 255, np.uint8)))
    height, width = result.shape[:2]
    return QImage(result.tobytes(), width, height, 4 * width, kind).copy()
