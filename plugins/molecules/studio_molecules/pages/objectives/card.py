"""One objective of a profile: a figure, its range, how strictly and how much."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.objectives import Objective
from studio_molecules.pages.table.columns import figure_of
from studio_molecules.pages.table.model import column_title


class ObjectiveCard(QFrame):
    """Edits an objective.

    Signals:
        changed: The user changed it.
        closed: The user does not want it.
    """

    changed = Signal()
    closed = Signal()

    def __init__(self, ctx: PluginContext, objective: Objective) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.figure = objective.figure
        called = column_title(objective.figure)
        title = ctx.ui.label(called, Role.STRONG)
        title.setToolTip(figure_of(objective.figure).meaning)
        close = ctx.ui.icon_button(
            "x", tr("Remove the objective for {figure}").format(figure=called)
        )
        ctx.ui.wear(close, Role.TINY)
        close.clicked.connect(lambda: self.closed.emit())
        self.low = self._field(objective.low, tr("any"), tr("{figure}, at least"))
        self.high = self._field(objective.high, tr("any"), tr("{figure}, at most"))
        self.tolerance = self._field(objective.tolerance, "0", tr("{figure}, tolerance"))
        self.tolerance.setToolTip(tr("How far outside the range a molecule scores 0"))
        self.weight = self._field(objective.weight, "1", tr("{figure}, weight"))
        self.weight.setToolTip(tr("Weight relative to the other objectives"))
        self.limit = QCheckBox(tr("Hard limit"))
        self.limit.setToolTip(tr("Molecules outside the range are rejected"))
        self.limit.setChecked(objective.limit)
        self.limit.toggled.connect(lambda _on: self.changed.emit())
        self._lay_out(title, close)

    def _lay_out(self, title: QLabel, close: QFrame) -> None:
        self._ui.wear(self, Role.RAISED)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.limit)
        head.addWidget(close)
        table = QGridLayout()
        table.setHorizontalSpacing(6)
        table.setVerticalSpacing(2)
        parts = (
            (tr("At least"), self.low),
            (tr("At most"), self.high),
            (tr("Tolerance"), self.tolerance),
            (tr("Weight"), self.weight),
        )
        for place, (words, field) in enumerate(parts):
            label = self._ui.label(words, Role.SMALL)
            label.setBuddy(field)
            table.addWidget(label, 0, place)
            table.addWidget(field, 1, place)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(table)

    def _field(self, value: float | None, hint: str, name: str) -> QLineEdit:
        field = QLineEdit("" if value is None else f"{value:g}")
        field.setPlaceholderText(hint)
        field.setAccessibleName(name.format(figure=column_title(self.figure)))
        field.setMinimumWidth(40)
        field.textChanged.connect(self._on_text)
        return field

    def objective(self) -> Objective | None:
        """Return the objective; None if a field is not a number."""
        ends = [_number(field) for field in (self.low, self.high, self.tolerance, self.weight)]
        if any(end is not None and math.isnan(end) for end in ends):
            return None
        low, high, tolerance, weight = ends
        return Objective(
            self.figure,
            low,
            high,
            0.0 if tolerance is None else tolerance,
            1.0 if weight is None else weight,
            self.limit.isChecked(),
        )

    def _on_text(self) -> None:
        is_open = _number(self.low) is None and _number(self.high) is None
        for field in (self.low, self.high, self.tolerance, self.weight):
            number = _number(field)
            is_missing = is_open and field in (self.low, self.high)
            is_none = number is not None and math.isnan(number)
            self._ui.show_invalid(field, is_missing or is_none)
        self.changed.emit()


def _number(field: QLineEdit) -> float | None:
    """Return the number in a field: None if empty, NaN if invalid."""
    text = field.text().strip().replace(",", ".").replace("−", "-")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
