"""One filter: its title, a histogram with handles, both bounds as numbers."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale, QTimer, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.pages.filters.filter import BINS, histogram
from studio_molecules.pages.filters.range_slider import RangeSlider
from studio_molecules.pages.table.columns import Columns, figure_of
from studio_molecules.pages.table.model import column_title


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
