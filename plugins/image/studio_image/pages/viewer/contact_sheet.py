"""The pictures of one batch side by side; one click or Return opens one of them. Reads no files."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr

_GAP, _MARGIN = 8, 4
_LARGEST = 4.0


def columns_for(count: int, width: float, height: float, shape: float) -> int:
    """Return in how many columns ``count`` pictures are largest.

    Args:
        shape: Width over height of one picture.
    """

    def size(columns: int) -> float:
        rows = math.ceil(count / columns)
        across = (width - (columns - 1) * _GAP) / columns
        return min(across, (height - (rows - 1) * _GAP) / rows * shape)

    return max(range(1, count + 1), key=size, default=1)


class ContactSheet(QWidget):
    """A grid of pictures.

    Signals:
        opened: The user wants to see one large; carries its index.
    """

    opened = Signal(int)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._images: list[QImage] = []
        self._current = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Contact sheet"))

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return len(self._images)

    def show_images(self, images: Sequence[QImage]) -> None:
        """Show these."""
        same = len(images) == len(self._images)
        self._images = list(images)
        self._move_to(self._current if same else 0)

    def _move_to(self, index: int) -> None:
        if not self._images:
            return
        self._current = max(0, min(index, len(self._images) - 1))
        self.setAccessibleDescription(
            tr("Picture {number} of {count}; Return opens it").format(
                number=self._current + 1, count=len(self._images)
            )
        )
        self.update()

    def _columns(self) -> int:
        first = self._images[0]
        shape = first.width() / max(1, first.height())
        room = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        return columns_for(len(self._images), room.width(), room.height(), shape)

    def _cells(self) -> list[QRectF]:
        if not self._images:
            return []
        columns = self._columns()
        rows = math.ceil(len(self._images) / columns)
        first = self._images[0]
        room = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        scale = min(
            (room.width() - (columns - 1) * _GAP) / columns / max(1, first.width()),
            (room.height() - (rows - 1) * _GAP) / rows / max(1, first.height()),
            _LARGEST,
        )
        width, height = first.width() * scale, first.height() * scale
        left = room.center().x() - (columns * (width + _GAP) - _GAP) / 2
        top = room.center().y() - (rows * (height + _GAP) - _GAP) / 2
        return [
            QRectF(
                left + place % columns * (width + _GAP),
                top + place // columns * (height + _GAP),
                width,
                height,
            )
            for place in range(len(self._images))
        ]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the clicked picture."""
        for place, cell in enumerate(self._cells()):
            if cell.contains(event.position()):
                self._move_to(place)
                self.opened.emit(place)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, Return and Space open."""
        columns = self._columns() if self._images else 1
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._move_to(self._current + steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._images:
            self.opened.emit(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the grid."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, cell in enumerate(self._cells()):
            painter.drawImage(cell, self._images[place])
            if self.hasFocus() and place == self._current:
                painter.setPen(QPen(QColor(self._ui.tokens.colors["accent"]), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(cell.adjusted(-2, -2, 2, 2), 3, 3)


def parts_of(image: QImage) -> list[QImage]:
    """Return the square pictures that stand side by side in a preview; one picture as it is."""
    side = image.height()
    count = image.width() // side if side else 0
    if count < 2 or image.width() != count * side:
        return [image]
    return [image.copy(place * side, 0, side, side) for place in range(count)]
