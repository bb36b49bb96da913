"""One column of a comparison: its model and settings, its answer, and the button to choose it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_chat.pages.phrases import figures
from studio_chat.pages.prompts.preset_bar import KNOBS, SAMPLING
from studio_chat.pages.prompts.saved import Shelf
from studio_chat.pages.thread.turns import Reply, Turn
from studio_chat.schema import Reply as ReplyParams

_STYLES, _PRESETS = "style:", "preset:"


class Column(QFrame):
    """A model, a style or preset, and the answer below.

    Signals:
        chosen: Id of the answer to go on with.
    """

    chosen = Signal(str)

    def __init__(self, ctx: PluginContext, shelf: Shelf, weights: str, style: str) -> None:
        super().__init__()
        ui = ctx.ui
        self._ctx, self._shelf = ctx, shelf
        self.turn = ""
        """Id of the answer; empty before it is begun."""
        self.picker = ctx.kit.weights_picker("text")
        self.picker.choose(weights)
        self.settings = ui.combo_box()
        self.settings.setAccessibleName(tr("Settings of this answer"))
        for title, key in self._choices():
            self.settings.addItem(title, key)
        self.settings.setCurrentIndex(max(0, self.settings.findData(f"{_STYLES}{style}")))
        self.prose = ui.prose_view()
        self._state = ui.label("", Role.SMALL, wrap=True)
        self._choose = ui.button(tr("Continue with this one"), "check")
        self._choose.clicked.connect(lambda: self.chosen.emit(self.turn))
        self._choose.setEnabled(False)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.prose.widget)
        area.setAccessibleName(tr("Answer"))
        head = QHBoxLayout()
        head.addWidget(self.picker.widget, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.settings)
        column.addWidget(area, 1)
        column.addWidget(self._state)
        column.addWidget(self._choose)
        ui.wear(self, Role.CARD)

    def _choices(self) -> list[tuple[str, str]]:
        styles = [
            (tr("As set in this conversation"), ""),
            (tr("Precise"), f"{_STYLES}precise"),
            (tr("Balanced"), f"{_STYLES}balanced"),
            (tr("Creative"), f"{_STYLES}creative"),
        ]
        return styles + [
            (preset.name, f"{_PRESETS}{preset.name}") for preset in self._shelf.presets
        ]

    def reply(self, own: Mapping[str, Any]) -> Reply:
        """Return the reply to have written; ``own`` are the settings of the conversation."""
        weights, key = self.picker.weights, str(self.settings.currentData() or "")
        plain, given = ReplyParams(), self._ctx.weights.defaults(weights)
        if key.startswith(_STYLES):
            knobs = SAMPLING[key.removeprefix(_STYLES)]
            free = {knob: knobs.get(knob, given.get(knob, getattr(plain, knob))) for knob in KNOBS}
            settings = {**own, **free}
        elif preset := self._shelf.preset(key.removeprefix(_PRESETS)):
            settings = {**given, **preset.settings}
        else:
            settings = dict(own)
        return Reply(weights, settings=settings)

    # --- the answer ---------------------------------------------------------------------------

    def begin(self, waiting: str) -> None:
        """Show that an answer is to come."""
        self.turn = ""
        self.prose.set_text("")
        self._state.setText(waiting)
        self._choose.setEnabled(False)
        self.lock(True)

    def lock(self, locked: bool) -> None:
        """Let model and settings be as they are while answers are written."""
        self.picker.widget.setEnabled(not locked)
        self.settings.setEnabled(not locked)

    def add(self, text: str) -> None:
        """Show new text."""
        self.prose.append(text)

    def say(self, words: str) -> None:
        """Show the status of the answer."""
        self._state.setText(words)

    def end(self, turn: Turn) -> None:
        """Show the whole answer, how fast it came, or why there is none."""
        self.prose.set_text(turn.content)
        self.prose.finish()
        self._state.setText(str(turn.error) if turn.error else figures(turn, None))
        self._choose.setEnabled(bool(turn.content.strip()))

    def mark(self, chosen: bool) -> None:
        """Show whether this is the answer that was chosen."""
        self._choose.setText(tr("Chosen") if chosen else tr("Continue with this one"))
