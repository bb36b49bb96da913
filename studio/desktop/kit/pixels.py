"""Buffers of pixels from the runtime as pictures."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QImage


def image_of(pixels: Any) -> QImage:
    """Return an (H, W, 3 or 4) uint8 buffer as a picture of its own; null for any other shape."""
    view = memoryview(pixels)
    if view.shape is None or len(view.shape) != 3 or view.itemsize != 1:
        return QImage()
    if view.shape[2] not in (3, 4):
        return QImage()
    height, width, channels = view.shape
    formats = QImage.Format
    layout = formats.Format_RGB888 if channels == 3 else formats.Format_RGBA8888
    return QImage(view.tobytes(), width, height, width * channels, layout).copy()
