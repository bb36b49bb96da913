"""Objectives of the molecules: a card for each, similarity to the lead, errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from studio.api import BadInput, PluginContext, Role, StudioError, TroubleRow, outcome, read_regular
from studio.api.window.language import tr
from studio_molecules.molecule import OwnColumn
from studio_molecules.objectives import (
    OBJECTIVES,
    OWN,
    Objective,
    Profile,
    checked,
    parse,
    usual_objective,
)
from studio_molecules.pages.table.columns import figure_of
from studio_molecules.pages.table.files import put
from studio_molecules.pages.table.model import column_title
from studio_molecules.pages.table.property_menu import figure_menus

_MAX_BYTES = 1 << 20
_SUFFIXES = (".json",)


class LeadHolder(Protocol):
    """What has an editor of objectives, and the lead that they start from."""

    profile: ProfileEditor

    def lead(self) -> str:
        """Return the lead, or nothing."""

    def set_lead(self, smiles: str) -> None:
        """Take a molecule as the lead."""


class ProfileFiles:
    """Asks for files; reads and writes beside the window."""

    def __init__(self, ctx: PluginContext, composer: LeadHolder, trouble: TroubleRow) -> None:
        self._ctx, self._composer, self._trouble = ctx, composer, trouble
        composer.profile.open_asked.connect(self.open)
        composer.profile.save_asked.connect(self.save)

    def open(self) -> None:
        """Ask for a profile and show it."""
        paths = self._ctx.ui.pick_files(tr("Open a profile"), _SUFFIXES)
        if paths:
            lead = self._composer.lead()
            self._ctx.run_later(lambda: outcome(lambda: read_profile(paths[0], lead)), self._show)

    def _show(self, result: Profile | StudioError) -> None:
        if isinstance(result, StudioError):
            self._trouble.tell(result, self.open)
            return
        self._composer.profile.show_profile(result)
        if result.lead:
            self._composer.set_lead(result.lead)

    def save(self) -> None:
        """Ask for a path and write the profile."""
        try:
            profile = self._composer.profile.profile(self._composer.lead())
        except StudioError as error:
            self._trouble.tell(error)
            return
        data = msgspec.json.format(msgspec.json.encode(profile), indent=2)
        self._ctx.kit.save_as(
            tr("Save the profile"),
            "profile.json",
            _SUFFIXES,
            lambda path: put(path, data),
            trouble=self._trouble,
            done=self._said,
        )

    def _said(self, path: Path, _nothing: None) -> None:
        words = tr("Profile saved to {name}.").format(name=path.name)
        self._ctx.notices.info(words, str(path.parent), key="molecules.profile")


def read_profile(path: Path, lead: str) -> Profile:
    """Read the profile of a file; ``lead`` is the default for a missing lead.

    Raises:
        StudioError: It is no profile, or cannot be read.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"“{path.name}” is too large to be a profile.")
        return parse(read_regular(path), lead)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error


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


_SIMILARITY = 0.35
"""To the lead, at least, at first: below that a molecule has little in common with it."""
START = (
    Objective("qed", low=0.9, tolerance=0.6),
    Objective("sa", high=2.5, tolerance=2.5),
    Objective("logp", low=1.0, high=3.0, tolerance=2.0),
)
"""What a first profile asks for: oral, easy to make, soluble enough."""


class ProfileEditor(QWidget):
    """Edits a profile.

    Signals:
        changed: The user changed it.
        open_asked, save_asked: The user wants a profile from a file, or in one.
    """

    changed = Signal()
    open_asked = Signal()
    save_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.cards: list[ObjectiveCard] = []
        self.columns: Callable[[], Mapping[str, OwnColumn]] = dict
        """Returns the user's own columns of the table in view that can be learned."""
        self._own: dict[str, OwnColumn] = {}
        title = ctx.ui.label(tr("Profile"), Role.HEADING)
        self.add = ctx.ui.button(tr("Add an objective"), "plus", dense=True)
        self.add.clicked.connect(self._show_figures)
        self.likeness = _Likeness()
        self.likeness.setRange(0, 0.95)
        self.likeness.setSingleStep(0.05)
        self.likeness.setMinimumWidth(76)
        self.likeness.lineEdit().setTextMargins(7, 0, 0, 0)
        self.likeness.setAccessibleName(tr("Minimum similarity to the lead"))
        self.likeness.setToolTip(
            tr("Tanimoto similarity to the lead; a hard limit. 0 sets no limit.")
        )
        self.likeness.valueChanged.connect(lambda _value: self.changed.emit())
        near = QHBoxLayout()
        near.addWidget(QLabel(tr("Minimum similarity to the lead")), 1)
        near.addWidget(self.likeness)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        for icon, words, signal in (
            ("folder-open", tr("Open a profile"), self.open_asked),
            ("save", tr("Save the profile"), self.save_asked),
        ):
            button = ctx.ui.icon_button(icon, words)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
            head.addWidget(button)
        self.column.addLayout(head)
        self.column.addWidget(self.add)
        self.column.addLayout(near)
        self.show_profile(Profile(START, similarity=_SIMILARITY))

    # --- the profile --------------------------------------------------------------------------

    def profile(self, lead: str) -> Profile:
        """Return the profile.

        Raises:
            BadInput: It is invalid; the sentence names the objective.
        """
        similarity = self.likeness.value() if lead else 0.0
        objectives = []
        for number, card in enumerate(self.cards, 1):
            objective = card.objective()
            if objective is None:
                words = tr("Objective {number} ({figure}) has a bound that is not a number.")
                raise BadInput(
                    words.format(number=number, figure=column_title(card.figure)),
                    tr("Enter a number, or leave it empty."),
                )
            objectives.append(objective)
        return checked(Profile(tuple(objectives), lead, round(similarity, 4)))

    def show_profile(self, profile: Profile) -> None:
        """Show another profile; its lead is the page's affair."""
        for card in list(self.cards):
            self._take(card)
        for objective in profile.objectives:
            self._put(objective)
        self.likeness.setValue(profile.similarity)

    def add_wish(self, figure: str) -> None:
        """Add an objective for a figure."""
        self._put(usual_objective(figure))
        self.cards[-1].low.setFocus()
        self.changed.emit()

    def add_own(self, column: str) -> None:
        """Add an objective for a column of the user's own, at least its upper tenth."""
        column_data = self.columns().get(column)
        if column_data is None:
            return
        values = sorted(column_data.values)
        low, high = values[len(values) // 10], values[9 * len(values) // 10]
        self._own[OWN + column] = column_data
        self._put(Objective(OWN + column, low=high, tolerance=abs(high - low) or 1.0))
        self.changed.emit()

    def own(self) -> dict[str, dict[str, list[Any]]]:
        """Return the training data of models for the user's own columns."""
        names = {card.figure for card in self.cards if card.figure.startswith(OWN)}
        taught = self.taught()
        return {name: taught[name].plain() for name in names if name in taught}

    def taught(self) -> dict[str, OwnColumn]:
        """Return the own columns that can be learned, of the table and of objectives, by figure."""
        here = {OWN + column: data for column, data in self.columns().items()}
        return {**here, **self._own}

    def _put(self, objective: Objective) -> None:
        card = ObjectiveCard(self._ctx, objective)
        card.changed.connect(self.changed)
        card.closed.connect(partial(self._on_closed, card))
        self.column.insertWidget(1 + len(self.cards), card)
        self.cards.append(card)

    def _take(self, card: ObjectiveCard) -> None:
        self.cards.remove(card)
        card.hide()
        card.deleteLater()

    def _on_closed(self, card: ObjectiveCard) -> None:
        self._take(card)
        self.changed.emit()

    def _show_figures(self) -> None:
        menu = self._ctx.ui.menu()
        chosen = {card.figure for card in self.cards}
        left = [figure for figure in OBJECTIVES if figure not in chosen]
        for figure, where in figure_menus(menu, left):
            where.addAction(column_title(figure), partial(self.add_wish, figure))
        own = [column for column in self.columns() if OWN + column not in chosen]
        if own:
            below = menu.addMenu(tr("Your own columns"))
            for column in own:
                below.addAction(column, partial(self.add_own, column))
        menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the fields as plain data, valid or not."""
        objectives = [
            msgspec.to_builtins(objective) for card in self.cards if (objective := card.objective())
        ]
        return {"objectives": objectives, "similarity": self.likeness.value()}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        try:
            profile = msgspec.convert(dict(state), Profile)
        except (msgspec.ValidationError, TypeError, ValueError):
            return  # of another version; the first profile stays
        ids = (*OBJECTIVES, *(OWN + column for column in self.columns()))
        if all(objective.figure in ids for objective in profile.objectives):
            self.show_profile(profile)


class _Likeness(QDoubleSpinBox):
    """A number that no passing wheel turns."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel."""
        event.ignore()
