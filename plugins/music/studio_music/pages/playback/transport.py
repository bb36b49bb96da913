"""The bar above the music: play, stop, loop, metronome; position; tempo, key and metre."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.grid import position
from studio_music.pages.phrases import clock, key_name
from studio_music.pages.playback.controller import PlaybackController
from studio_music.score.piece import TEMPO_RANGE, TICKS, Key, Metre

_ROOM: Final = ((True, True, True), (False, True, True), (False, False, True), (False,) * 3)
"""Whether time and meter, words beside icons, and metre are shown, from wide to narrow."""
METRES: Final = ("2/4", "3/4", "4/4", "5/4", "2/2", "3/8", "6/8", "7/8", "9/8", "12/8")


class Transport(QFrame):
    """The bar.

    Signals:
        checks_asked: The user wants to see what was checked.
    """

    checks_asked = Signal()

    def __init__(self, ctx: PluginContext, document: Document, playing: PlaybackController) -> None:
        super().__init__()
        self._ui, self._document, self._playing = ctx.ui, document, playing
        ctx.ui.wear(self, Role.CARD)
        self.play = self._tool("play", tr("Play  Space"))
        self.play.setIconSize(QSize(20, 20))
        self.stop = self._tool("square", tr("Stop and return to start"))
        self.loop = self._tool("repeat", tr("Loop the range on the ruler, or everything  L"))
        self.click = self._tool("metronome", tr("Metronome  M"))
        for toggle in (self.loop, self.click):
            toggle.setCheckable(True)
        self.where = QLabel()
        self.where.setFont(ctx.ui.mono())
        self.where.setAccessibleName(tr("Position"))
        self.time = ctx.ui.label("", Role.SMALL)
        self.tempo = _TempoField()
        self.key = ctx.ui.button("", tip=tr("Key signature; to transpose, use the ⋯ menu"))
        self.metre = ctx.ui.button("", tip=tr("Time signature"))
        for field in (self.key, self.metre):
            ctx.ui.wear(field, Role.DENSE)
        self.meter = ctx.ui.level_meter(tr("How loud it plays"))
        self.verdict: QPushButton = ctx.ui.button("", "shield-check", tip=tr("Checks"), dense=True)
        self.verdict.hide()
        self._verdict_words = ""
        self.silent: QPushButton = ctx.ui.button(tr("No sound"), "volume-x", dense=True)
        for field in (self.key, self.metre, self.verdict, self.silent):
            field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._lay_out()
        self._connect()
        self._show_playing()
        self._show_piece()

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button: QToolButton = self._ui.icon_button(icon, tip)
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        for part in (self.play, self.stop, self.loop, self.click):
            row.addWidget(part)
        row.addSpacing(8)
        row.addWidget(self.where)
        row.addSpacing(8)
        row.addWidget(self.time)
        row.addSpacing(8)
        row.addWidget(self.meter.widget)
        row.addWidget(self.silent)
        row.addStretch(1)
        for field in (self.tempo, self.key, self.metre, self.verdict):
            row.addSpacing(4)
            row.addWidget(field)

    def _connect(self) -> None:
        playing, document = self._playing, self._document
        self.play.clicked.connect(lambda _checked=False: playing.toggle())
        self.stop.clicked.connect(lambda _checked=False: playing.stop())
        self.loop.clicked.connect(playing.set_looping)
        self.click.clicked.connect(playing.set_metronome)
        playing.changed.connect(self._show_playing)
        playing.moved.connect(self._show_place)
        playing.leveled.connect(self.meter.show_level)
        document.changed.connect(self._show_piece)
        self.silent.clicked.connect(lambda _checked=False: playing.look_again())
        self.tempo.valueChanged.connect(self._on_tempo)
        self.key.clicked.connect(lambda _checked=False: self._ask_key())
        self.metre.clicked.connect(lambda _checked=False: self._ask_metre())
        self.verdict.clicked.connect(lambda _checked=False: self.checks_asked.emit())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room anew."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Hide the least needed parts first, and no more of them than must be."""
        for time, words, metre in _ROOM:
            self.time.setVisible(time)
            self.meter.widget.setVisible(time and self._playing.ready)
            self.verdict.setText(self._verdict_words if words else "")
            self.silent.setText(tr("No sound") if words else "")
            for chip in (self.verdict, self.silent):
                chip.setIconSize(QSize(20 if words else 16, 16))
            self.metre.setVisible(metre)
            if self.sizeHint().width() <= self.width():
                break

    # --- showing ------------------------------------------------------------------------------

    def _show_playing(self) -> None:
        playing = self._playing
        can = playing.ready and not self._document.empty
        self.play.setEnabled(can)
        self.stop.setEnabled(not self._document.empty)
        words = tr("Pause  Space") if playing.playing else tr("Play  Space")
        self.play.setIcon(self._ui.icon("pause" if playing.playing else "play", "accent"))
        self.play.setToolTip(words if playing.ready else playing.trouble)
        self.play.setAccessibleName(words)
        self.play.setAccessibleDescription(playing.trouble)
        again = tr("{why} Click to check again.").format(why=playing.trouble)
        self.silent.setToolTip(again)
        self.silent.setAccessibleDescription(again)
        self.silent.setVisible(not playing.ready)
        self._make_room()
        self.loop.setChecked(playing.looping)
        self.click.setChecked(playing.metronome)
        if playing.underruns:
            gaps = tr("How loud it plays; {count} gaps so far").format(count=playing.underruns)
            self.meter.widget.setToolTip(gaps)

    def _show_place(self, tick: int) -> None:
        bar, beat, rest = position(self._document.piece, tick)
        self.where.setText(f"{bar:>3}.{beat}.{rest * 100 // TICKS:02d}")
        piece = self._document.piece
        self.time.setText(f"{clock(piece.seconds(tick))} / {clock(piece.seconds(piece.length))}")

    def _show_piece(self) -> None:
        piece = self._document.piece
        self.tempo.blockSignals(True)
        self.tempo.setValue(piece.tempo)
        self.tempo.blockSignals(False)
        self.key.setText(key_name(piece.key))
        self.key.setAccessibleName(tr("Key {key}").format(key=key_name(piece.key)))
        self.metre.setText(str(piece.metre))
        self.metre.setAccessibleName(tr("Metre {metre}").format(metre=piece.metre))
        for part in (self.loop, self.click, self.tempo, self.key, self.metre):
            part.setEnabled(not self._document.empty)
        self._show_playing()
        self._show_place(self._playing.tick)

    def show_verdict(self, words: str, good: bool) -> None:
        """Show the verdict of the checks; nothing with empty words."""
        self._verdict_words = words
        self.verdict.setAccessibleName(words)
        self.verdict.setToolTip(tr("{words}: show which").format(words=words))
        icon, color = ("shield-check", "good") if good else ("shield-alert", "warn")
        self.verdict.setIcon(self._ui.icon(icon, color))
        self.verdict.setVisible(bool(words))
        self._make_room()

    # --- changing -----------------------------------------------------------------------------

    def _on_tempo(self, bpm: float) -> None:
        document = self._document
        if not document.empty:
            piece = edits.set_tempo(document.piece, bpm)
            document.apply_piece(tr("Change the tempo"), piece, merge="tempo")

    def _ask_key(self) -> None:
        menu = self._ui.menu()
        for mode, title in (("major", tr("major")), ("minor", tr("minor"))):
            menu.addSection(title)
            for fifths in (0, 1, 2, 3, 4, 5, 6, -6, -5, -4, -3, -2, -1):
                key = Key.of_fifths(fifths, mode)
                action = menu.addAction(key_name(key))
                action.setCheckable(True)
                action.setChecked(key == self._document.piece.key)
                action.triggered.connect(lambda _checked=False, key=key: self.set_key(key))
        self._drop(menu, self.key)

    def set_key(self, key: Key) -> None:
        """Change the key signature."""
        piece = edits.set_key(self._document.piece, key)
        self._document.apply_piece(tr("Change the key"), piece)

    def _ask_metre(self) -> None:
        menu = self._ui.menu()
        for name in METRES:
            beats, unit = map(int, name.split("/"))
            metre = Metre(beats, unit)
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(metre == self._document.piece.metre)
            action.triggered.connect(lambda _checked=False, metre=metre: self.set_metre(metre))
        self._drop(menu, self.metre)

    def set_metre(self, metre: Metre) -> None:
        """Change the time signature."""
        piece = edits.set_metre(self._document.piece, metre)
        self._document.apply_piece(tr("Change the metre"), piece)

    def _drop(self, menu: object, below: QPushButton) -> None:
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # type: ignore[attr-defined]
        menu.popup(below.mapToGlobal(below.rect().bottomLeft()))  # type: ignore[attr-defined]


class _TempoField(QDoubleSpinBox):
    """Quarter notes a minute; the wheel turns it only while it has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setRange(*TEMPO_RANGE)
        self.setDecimals(0)
        self.setSuffix(tr(" bpm"))
        self.lineEdit().setTextMargins(6, 0, 0, 0)  # Qt drops the style sheet's padding there
        self.setKeyboardTracking(False)
        self.setAccessibleName(tr("Tempo, quarter notes per minute"))
        self.setToolTip(tr("Tempo: quarter notes per minute"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(92)

    def wheelEvent(self, event: object) -> None:
        """Leave the wheel to the page unless the user is in here."""
        if self.hasFocus():
            super().wheelEvent(event)  # type: ignore[arg-type]
        else:
            event.ignore()  # type: ignore[attr-defined]
