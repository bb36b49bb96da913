"""Objectives of the molecules: a card for each, similarity to the lead, errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.molecule import OwnColumn
from studio_molecules.objectives import (
    OBJECTIVES,
    OWN,
    Objective,
    Profile,
    checked,
    usual_objective,
)
from studio_molecules.pages.objectives.card import ObjectiveCard
from studio_molecules.pages.table.model import column_title
from studio_molecules.pages.table.property_menu import figure_menus

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
