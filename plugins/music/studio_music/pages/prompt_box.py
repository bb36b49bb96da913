"""The prompt: words and example chips, or the melody to work on; and the button. Runs none.

The parameters beside it are in the panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.api import Kind, Mode, PluginContext, Role
from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.modes import BACK, COMPOSE, HARMONISE, modes, words_of
from studio_music.pages.tension_curve import TensionCurve, sections_in

_MAX_CHARS = 2000


def examples() -> tuple[tuple[str, str], ...]:
    """Return (chip label, prompt)."""
    return (
        (tr("Calm, D minor"), tr("calm tune in D minor, 90 bpm, 16 bars")),
        (tr("Lively jig, G"), tr("lively jig in G major, 6/8, 32 bars")),
        (tr("Sad waltz, E minor"), tr("sad waltz in E minor, 24 bars")),
        (tr("Jazz, F"), tr("jazz in F major, 120 bpm, 16 bars")),
    )


class PromptBox(QFrame):
    """The card on top, and the panel beside the page.

    Attributes:
        modes: What can be done, and the forms of the panel.
        tension: The curve above the form of *Compose*.
        go: Starts, or stops.

    Signals:
        asked: Return was pressed.
    """

    asked = Signal()

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._ui, self._document = ctx.ui, document
        self.modes = ctx.kit.modes(tr("Action"), modes(), kind=Kind.SCORE)
        self.tension = TensionCurve(ctx.ui)
        self.modes.put_above(self.tension, COMPOSE)
        self.modes.forms[COMPOSE].on_change(self._show_sections)
        self.field = QLineEdit()
        ctx.ui.wear(self.field, Role.PLAIN)
        self.field.setMaxLength(_MAX_CHARS)
        self.field.setPlaceholderText(tr("e.g. 16 bars, calm, D minor"))
        self.field.setAccessibleName(tr("Description"))
        self.field.setStyleSheet("font-size: 14px; min-height: 30px;")
        self.field.returnPressed.connect(self.asked)
        self.melody: QPushButton = ctx.ui.button(
            "", "music", tip=tr("Which track is the melody"), dense=True
        )
        self.melody.setIconSize(QSize(20, 16))  # the wider one keeps a distance
        self.melody.clicked.connect(lambda _checked=False: self._ask_melody())
        self._hint = ctx.ui.label("", Role.MUTE)
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for id in (COMPOSE, HARMONISE, BACK):
            self.modes.forms[id].set_defaults({"audio": False})  # the page plays by itself
        self.go = ctx.kit.run_button(self.modes.mode.verb, self.modes.mode.icon)
        self.chips: list[QPushButton] = []
        self._track = -1
        self._lay_out()
        document.changed.connect(self._show_melody)
        self.modes.on_change(self._show_mode)
        self._show_mode(self.modes.mode)

    def _lay_out(self) -> None:
        self._ui.wear(self, Role.COMPOSER)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._given = QWidget()
        given = QHBoxLayout(self._given)
        given.setContentsMargins(0, 0, 0, 0)
        given.setSpacing(8)
        given.addWidget(self.melody)
        given.addWidget(self._hint, 1)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.field, 1)
        top.addWidget(self._given, 1)
        top.addWidget(self.go.widget)
        self.chip_row = QWidget()
        chips = QHBoxLayout(self.chip_row)
        chips.setContentsMargins(0, 0, 0, 2)
        chips.setSpacing(6)
        for title, words in examples():
            chip = self._ui.button(title, tip=words, dense=True)
            chip.setAccessibleName(tr("Example: {words}").format(words=words))
            chip.clicked.connect(lambda _checked=False, words=words: self._use(words))
            chips.addWidget(chip)
            self.chips.append(chip)
        chips.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(15, 7, 7, 7)  # the ring takes one more
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.chip_row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many chips as fit."""
        super().resizeEvent(event)
        room = self.width() - 32
        for chip in self.chips:
            room -= chip.sizeHint().width() + 6
            chip.setVisible(room > 0)

    def _use(self, words: str) -> None:
        self.set_words(words)
        self.field.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys to the fields; none of them plays."""
        if event.key() != Qt.Key.Key_Space:
            super().keyPressEvent(event)

    # --- modes --------------------------------------------------------------------------------

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        (self.field if self.mode == COMPOSE else self.go.widget).setFocus()

    @property
    def mode(self) -> str:
        """The id of the mode that is on."""
        return self.modes.mode.id

    def _show_mode(self, mode: Mode) -> None:
        """Show the inputs of a mode."""
        composing = mode.id == COMPOSE
        self.field.setVisible(composing)
        self._given.setVisible(not composing)
        self.melody.setVisible(not mode.offered)
        self._hint.setText(mode.hint)
        self._show_melody()
        self.go.set_verb(mode.verb, mode.icon)

    def show_chips(self, shown: bool) -> None:
        """Show the examples, where there is room."""
        self.chip_row.setVisible(shown and self.mode == COMPOSE)

    # --- the melody ---------------------------------------------------------------------------

    @property
    def melody_track(self) -> int:
        """The track to work on."""
        tracks = self._document.piece.tracks
        chosen = self._track if 0 <= self._track < len(tracks) else -1
        return chosen if chosen >= 0 else edits.melody_track(self._document.piece)

    def _show_melody(self) -> None:
        tracks = self._document.piece.tracks
        name = tracks[self.melody_track].name if tracks else tr("Nothing is open")
        self.melody.setText(name)
        self.melody.setAccessibleName(tr("Melody: {name}").format(name=name))
        self.melody.setEnabled(bool(tracks))

    def _ask_melody(self) -> None:
        menu = self._ui.menu()
        for place, track in enumerate(self._document.piece.tracks):
            if not track.drums:
                action = menu.addAction(track.name)
                action.setCheckable(True)
                action.setChecked(place == self.melody_track)
                action.triggered.connect(lambda _checked=False, p=place: self.set_melody(p))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.melody.mapToGlobal(self.melody.rect().bottomLeft()))

    def set_melody(self, track: int) -> None:
        """Work on a track; −1 for the one that is the melody."""
        self._track = track
        self._show_melody()

    # --- for the task -------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """The prompt text."""
        return self.field.text().strip()

    def set_words(self, words: str) -> None:
        """Replace the prompt text; undoable like typing."""
        self.field.selectAll()
        self.field.insert(words[:_MAX_CHARS])

    def params(self) -> dict[str, Any]:
        """Return the values of the panel and the prompt."""
        values = dict(self.modes.form.values())
        if self.mode == COMPOSE:
            values |= self.tension.values() | {"prompt": self.words}
        return values

    def set_params(self, mode: str, params: Mapping[str, Any]) -> None:
        """Show the parameters of a take."""
        self.modes.forms[mode].set_values(params)
        if mode == COMPOSE:
            self.set_words(words_of(params))
            self.tension.set_values(params)
            self._show_sections()

    def _show_sections(self) -> None:
        self.tension.canvas.show_sections(sections_in(self.modes.forms[COMPOSE].values()))

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        return {
            "ask": self.field.text(),
            "forms": self.modes.save_state(),
            "tension": self.tension.values(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.modes.restore_state(state.get("forms"))
        tension = state.get("tension")
        self.tension.set_values(tension if isinstance(tension, Mapping) else {})
        self._show_sections()
        self.set_words(str(state.get("ask") or ""))
