"""How parts of the dock stand: it is high and narrow, or low and wide. Knows no part."""

from __future__ import annotations

from PySide6.QtCore import QSize

_WIDE, _LOW = 540, 360


def is_low(size: QSize) -> bool:
    """Whether things fit side by side but not one below the other."""
    return size.width() >= _WIDE and size.height() < _LOW
