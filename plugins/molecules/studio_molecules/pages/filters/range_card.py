"""One filter: its title, a histogram with handles, both bounds as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDoubleValidator,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.pages.filters.filter import BINS, histogram
from studio_molecules.pages.table.columns import Columns, figure_of
from studio_molecules.pages.table.model import column_title

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


class RangeCard(QWidget):
    """A range of one figure.

    Signals:
        moved: Figure, least and largest value wanted; infinite where an end is open.
        closed: The user wants no such filter; carries the figure.
    """

    moved = Signal(str, float, float)
    closed = Signal(str)

    def __init__(self, ctx: PluginContext, figure: str, rows: Columns) -> None:
        super().__init__()
        self.figure = figure
        self._least, self._most = rows.bounds(figure)
        title = ctx.ui.label(column_title(figure), Role.STRONG)
        title.setToolTip(figure_of(figure).meaning)
        close = ctx.ui.icon_button("x", tr("Remove the filter of {figure}").format(figure=figure))
        ctx.ui.wear(close, Role.TINY)
        close.clicked.connect(lambda: self.closed.emit(self.figure))
        self.slider = RangeSlider(ctx, figure_of(figure).title)
        self.slider.setToolTip(figure_of(figure).meaning)
        self.low, self.high = self._field(tr("least")), self._field(tr("most"))
        self.parts = (close, self.slider, self.low, self.high)
        """In the order of Tab."""
        head, ends = QHBoxLayout(), QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        ends.setSpacing(6)
        ends.addWidget(self.low)
        ends.addWidget(QLabel("–"))
        ends.addWidget(self.high)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addLayout(ends)
        self._show_bars(rows)
        self.slider.moved.connect(self._on_moved)
        self.show_ends()

    def set_range(self, low: float, high: float) -> None:
        """Show a range without telling anybody."""
        self.slider.set_range(low, high)
        self.show_ends()

    def show_ends(self) -> None:
        """Write both ends as numbers."""
        for field, value in ((self.low, self.slider.low), (self.high, self.slider.high)):
            if not field.hasFocus():
                digits = figure_of(self.figure).digits
                field.setText(f"{round(value, digits) + 0.0:.{digits}f}")

    def _show_bars(self, rows: Columns) -> None:
        self.slider.whole_numbers = figure_of(self.figure).digits == 0
        span = self._most - self._least
        bins = min(BINS, int(span) + 1) if self.slider.whole_numbers else BINS
        counts = histogram(rows.values(self.figure), self._least, self._most, bins)
        self.slider.set_data(counts, self._least, self._most)

    def _field(self, end: str) -> QLineEdit:
        field = QLineEdit()
        check = QDoubleValidator(field)
        check.setLocale(QLocale.c())
        field.setValidator(check)
        field.setAccessibleName(f"{column_title(self.figure)}, {end}")
        field.editingFinished.connect(self._on_typed)
        return field

    def _on_typed(self) -> None:
        low, high = self._typed(self.low, self.slider.low), self._typed(self.high, self.slider.high)
        if (low, high) != (self.slider.low, self.slider.high):
            self.slider.set_range(min(low, high), max(low, high))
            self._on_moved(self.slider.low, self.slider.high)
        QTimer.singleShot(0, self, self.show_ends)  # once the field has let the keyboard go

    def _typed(self, field: QLineEdit, now: float) -> float:
        """Return the end that was typed; ``now``, unrounded, where the text says no other."""
        value = float(field.text())
        return now if value == round(now, figure_of(self.figure).digits) else value

    def _on_moved(self, low: float, high: float) -> None:
        self.show_ends()
        open_low, open_high = low <= self._least, high >= self._most
        self.moved.emit(
            self.figure, -math.inf if open_low else low, math.inf if open_high else high
        )
