"""A histogram with two handles under it: from where to where a figure is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr

_BARS = 34
_HANDLE = 7
_STEPS = 100


class RangeSlider(QWidget):
    """Arrow keys move the handle used last, Tab's first arrival is the lower one; Home and End
    open the range, the space bar changes the handle.

    Signals:
        moved: The user changed the range; carries both ends.
    """

    moved = Signal(float, float)

    def __init__(self, ctx: PluginContext, title: str) -> None:
        super().__init__()
        self._ctx, self._title = ctx, title
        self._counts: Sequence[int] = ()
        self._least, self._most = 0.0, 1.0
        self.low, self.high = 0.0, 1.0
        self.whole_numbers = False
        self._upper = False
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._speak()

    def sizeHint(self) -> QSize:
        """Return its size: bars, and handles below."""
        return QSize(160, _BARS + 2 * _HANDLE + 3)

    def set_data(self, counts: Sequence[int], least: float, most: float) -> None:
        """Show how the values lie between ``least`` and ``most``; the range is open."""
        self._counts, self._least, self._most = counts, least, most
        self.low, self.high = least, most
        self.setEnabled(most > least)
        self._speak()
        self.update()

    def set_range(self, low: float, high: float) -> None:
        """Show a range without telling anybody."""
        self.low = min(max(low, self._least), self._most)
        self.high = max(min(high, self._most), self.low)
        self._speak()
        self.update()

    # --- where things are ---------------------------------------------------------------------

    def _x(self, value: float) -> float:
        width = self._most - self._least
        part = (value - self._least) / width if width > 0 else float(value >= self._most)
        return _HANDLE + part * (self.width() - 2 * _HANDLE)

    def _value(self, x: float) -> float:
        part = min(1.0, max(0.0, (x - _HANDLE) / max(1, self.width() - 2 * _HANDLE)))
        return self._least + part * (self._most - self._least)

    # --- hands --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the nearer handle."""
        if event.button() is Qt.MouseButton.LeftButton:
            x = event.position().x()
            to_low, to_high = abs(x - self._x(self.low)), abs(x - self._x(self.high))
            self._upper = to_high < to_low or (to_high == to_low and x > self._x(self.high))
            self._dragging = True
            self._move(self._value(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the handle."""
        if self._dragging:
            self._move(self._value(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the range."""
        self.set_range(self._least, self._most)
        self.moved.emit(self.low, self.high)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, change the handle, or open the range."""
        keys = Qt.Key
        step = 1.0 if self.whole_numbers else (self._most - self._least) / _STEPS
        now = self.high if self._upper else self.low
        match event.key():
            case keys.Key_Left | keys.Key_Down:
                self._move(now - step)
            case keys.Key_Right | keys.Key_Up:
                self._move(now + step)
            case keys.Key_PageDown:
                self._move(now - 10 * step)
            case keys.Key_PageUp:
                self._move(now + 10 * step)
            case keys.Key_Space:
                self._upper = not self._upper
                self.update()
            case keys.Key_Home | keys.Key_End:
                self._move(self._most if self._upper else self._least)
            case _:
                super().keyPressEvent(event)

    def _move(self, value: float) -> None:
        value = float(round(value)) if self.whole_numbers else value
        value = min(max(value, self._least), self._most)
        if self._upper:
            self.high = max(value, self.low)
        else:
            self.low = min(value, self.high)
        self._speak()
        self.update()
        self.moved.emit(self.low, self.high)

    def _speak(self) -> None:
        words = tr("{title}: from {low} to {high}")
        self.setAccessibleName(
            words.format(title=self._title, low=f"{self.low:g}", high=f"{self.high:g}")
        )

    # --- paint --------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw bars, the line and its handles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        self._draw_bars(painter)
        colours = self._ctx.ui.tokens.colors
        y = _BARS + 2 + _HANDLE
        painter.setBrush(QColor(colours["line"]))
        painter.drawRoundedRect(QRectF(_HANDLE, y - 2, self.width() - 2 * _HANDLE, 4), 2, 2)
        painter.setBrush(QColor(colours["accent"]))
        left, right = self._x(self.low), self._x(self.high)
        painter.drawRoundedRect(QRectF(left, y - 2, right - left, 4), 2, 2)
        for x, upper in ((left, False), (right, True)):
            active = self.hasFocus() and upper == self._upper
            edge = QPen(QColor(colours["accent" if active else "line-strong"]), 2 if active else 1)
            painter.setPen(edge)
            painter.setBrush(QColor(colours["knob"]))
            painter.drawEllipse(QPointF(x, y), _HANDLE - 1, _HANDLE - 1)
        painter.end()

    def _draw_bars(self, painter: QPainter) -> None:
        colours, tallest = self._ctx.ui.tokens.colors, max(self._counts, default=0)
        wide = (self.width() - 2 * _HANDLE) / max(1, len(self._counts))
        half = (self._most - self._least) / max(1, len(self._counts)) / 2
        for place, count in enumerate(self._counts):
            if not count:
                continue
            left = _HANDLE + place * wide
            within = self.low - half <= self._value(left + wide / 2) <= self.high + half
            painter.setBrush(QColor(colours["accent" if within else "line-strong"]))
            tall = max(2.0, count / tallest * _BARS)
            painter.drawRect(QRectF(left, _BARS - tall, max(1.0, wide - 1), tall))
