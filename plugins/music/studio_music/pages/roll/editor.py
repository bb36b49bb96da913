"""The piano roll put together: tools above, keyboard, ruler, notes, velocities, scroll bars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QScrollBar, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, Tokens
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.roll.colours import Colours
from studio_music.pages.roll.development_menu import changes, development_menu
from studio_music.pages.roll.gestures import Desk
from studio_music.pages.roll.key_bindings import KeyBindings, notes_in
from studio_music.pages.roll.keyboard import Keyboard
from studio_music.pages.roll.notation_menu import dynamics_menu
from studio_music.pages.roll.notes_view import NotesView
from studio_music.pages.roll.ruler import Ruler
from studio_music.pages.roll.tool_row import ToolRow
from studio_music.pages.roll.velocity_lane import VelocityLane
from studio_music.pages.roll.viewport import PITCHES, Viewport
from studio_music.score.piece import Note
from studio_music.score.theory.instruments import DRUMS

_OPENING_BARS = 8
"""So much of a piece is shown when it is opened."""
_LOW = 280
"""Below this height the velocities give way to the notes."""


class RollEditor(QWidget):
    """The roll.

    Signals:
        seek_asked: The playhead is wanted at a tick.
        loop_asked: (first tick, end) or None.
        heard: A pitch should sound in the current track.
    """

    seek_asked = Signal(int)
    loop_asked = Signal(object)
    heard = Signal(int)

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._ui, self._document = ctx.ui, document
        self.camera = Viewport()
        self.desk = Desk(document, self.camera, sound=self.heard.emit)
        self.keys = KeyBindings(self.desk)
        self.keys.seek = self.seek_asked.emit
        self.keys.reveal = self._reveal
        self.notes = NotesView(document, self.camera, self.desk, self.keys)
        self.ruler = Ruler(document, self.camera, self.desk)
        self.keyboard = Keyboard(document, self.camera)
        self.velocities = VelocityLane(document, self.camera, self.desk)
        self.tools = ToolRow(ctx, document, self.desk, self.camera)
        self._velocity_words = ctx.ui.label(tr("Velocity"), Role.SMALL)
        self._velocity_words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        self._velocity_words.setContentsMargins(0, 6, 6, 0)
        self._across = QScrollBar(Qt.Orientation.Horizontal)
        self._down = QScrollBar(Qt.Orientation.Vertical)
        self._parts = (self.notes, self.ruler, self.keyboard, self.velocities)
        self._track = 0
        self._fit_next = True
        self._fitted: tuple[float, ...] = ()
        """The view that was chosen for the piece, as long as the user leaves it so."""
        self._lay_out()
        self._connect()
        self.show_theme(ctx.ui.tokens)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.ruler, 0, 1)
        grid.addWidget(self.keyboard, 1, 0)
        grid.addWidget(self.notes, 1, 1)
        grid.addWidget(self._down, 1, 2)
        grid.addWidget(self._velocity_words, 2, 0)
        grid.addWidget(self.velocities, 2, 1)
        grid.addWidget(self._across, 3, 1)
        grid.setRowStretch(1, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.tools)
        column.addLayout(grid, 1)
        self.setFocusProxy(self.notes)

    def _connect(self) -> None:
        self.camera.moved.connect(self._set_bars)
        self.camera.resized.connect(self._fit_if_shown)
        self._across.valueChanged.connect(self._on_bars)
        self._down.valueChanged.connect(self._on_bars)
        self.ruler.seek_asked.connect(self.seek_asked)
        self.ruler.loop_asked.connect(self.loop_asked)
        self.keyboard.pressed.connect(self.heard)
        self.notes.hovered.connect(self._on_hover)
        self.notes.menu_asked.connect(self.show_menu)
        self.tools.changed.connect(self.notes.update)
        self.tools.develop.clicked.connect(lambda _checked=False: self._ask_develop())
        self.tools.fit_asked.connect(self.fit)
        self.tools.folded.connect(self._on_folded)
        self._document.edited.connect(self._set_lanes)
        self._document.opened.connect(self._on_opened)
        self._document.picked.connect(self._on_picked)

    def show_theme(self, tokens: Tokens) -> None:
        """Take the colours of a theme."""
        shades = Colours(tokens)
        for part in self._parts:
            part.shades = shades
            part.update()

    # --- view ---------------------------------------------------------------------------------

    def _set_bars(self) -> None:
        reach, at = self.camera.reach, (self.camera.left, self.camera.top)
        pages = (self.camera.width, self.camera.height)
        for bar, most, value, page in zip((self._across, self._down), reach, at, pages):
            bar.blockSignals(True)
            bar.setRange(0, most)
            bar.setPageStep(page)
            bar.setSingleStep(24)
            bar.setValue(round(value))
            bar.blockSignals(False)

    def _on_bars(self) -> None:
        self.camera.scroll_to(self._across.value(), self._down.value())

    def _set_lanes(self) -> None:
        """Give a row to each pitch; of drums to those in use, or to those that have a name."""
        track = self._document.track
        used = {note.pitch for note in track.notes}
        if not track.drums:
            self.camera.set_lanes(range(PITCHES))
        elif self.tools.fold.isChecked() and used:
            self.camera.set_lanes(sorted(used))
        else:
            self.camera.set_lanes(sorted({*DRUMS, *used}))

    def _on_folded(self) -> None:
        self._set_lanes()
        self.fit()

    def _on_opened(self) -> None:
        self._set_lanes()
        self._track = self._document.current
        self._fit_next = True
        self._fit_if_shown()

    def _on_picked(self) -> None:
        """Where another track is edited, bring its notes into view."""
        if self._document.current == self._track:
            return
        drums = len(self.camera.lanes) < PITCHES
        self._set_lanes()
        self._track = self._document.current
        if drums or self._document.track.drums:
            self.fit()
            return
        pitches = [note.pitch for note in self._document.track.notes]
        if pitches:
            self.camera.show_pitches(min(pitches), max(pitches))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is low, the velocities give way."""
        super().resizeEvent(event)
        for part in (self.velocities, self._velocity_words):
            part.setVisible(self.height() >= _LOW)

    def showEvent(self, event: QShowEvent) -> None:
        """A piece may have come while something else was in view."""
        super().showEvent(event)
        self._fit_if_shown()

    def _fit_if_shown(self) -> None:
        untouched = self._fit_next or self._view() == self._fitted
        if untouched and self.isVisible() and self.camera.width > 100:
            self._fit_next = False
            piece = self._document.piece
            first_bars = _OPENING_BARS * piece.metre.bar
            self._show(min(piece.length or first_bars, first_bars))
            self._fitted = self._view()

    def _view(self) -> tuple[float, ...]:
        return self.camera.scale, self.camera.row, self.camera.left, self.camera.top

    def fit(self) -> None:
        """Show the current track from end to end."""
        self._show(self._document.piece.length or _OPENING_BARS * 1920)

    def _show(self, ticks: int) -> None:
        pitches = [note.pitch for note in self._document.track.notes]
        low, high = (min(pitches), max(pitches)) if pitches else (55, 79)
        self.camera.fit(ticks, low, high)

    def _reveal(self, note: Note) -> None:
        self.camera.show_note(note.start, note.end, note.pitch)

    def reveal_selection(self) -> None:
        """Bring the first selected note into view."""
        if self._document.selected:
            self._reveal(min(self._document.selected))

    def _on_hover(self, tick: float, pitch: int) -> None:
        self.keyboard.show_hover(pitch)
        self.tools.show_place(tick, pitch)

    # --- from outside -------------------------------------------------------------------------

    def set_playhead(self, tick: int, *, follow: bool = False) -> None:
        """Move the playhead; ``follow`` turns the page with it."""
        self.keys.playhead = tick
        if follow:
            self.camera.show_tick(tick)
        self.notes.set_playhead(tick)
        self.ruler.set_playhead(tick)

    def set_loop(self, loop: tuple[int, int] | None, looping: bool) -> None:
        """Show the loop range."""
        self.ruler.set_loop(loop, looping)
        self.notes.set_loop(loop if looping else None)

    def show_menu(self, at: QPoint) -> None:
        """Show the menu of the selection."""
        note_menu(self._ui, self.keys, self._document, self._loop_selection).popup(at)

    def _loop_selection(self) -> None:
        chosen = self._document.selected
        if chosen:
            self.loop_asked.emit((min(n.start for n in chosen), max(n.end for n in chosen)))

    def edits(self) -> dict[str, Callable[[], None]]:
        """Return the edits that the page offers by name."""
        keys = self.keys
        return {
            "quantise": lambda: keys.quantise(False),
            "duplicate": keys.duplicate,
            "select_all": keys.select_all,
            "octave_up": lambda: keys.nudge(0, 12),
            "octave_down": lambda: keys.nudge(0, -12),
            "louder": lambda: keys.louder(5),
            "softer": lambda: keys.louder(-5),
            "insert": keys.insert,
            "loop_selection": self._loop_selection,
        }

    def developments(self) -> list[tuple[str, str, Callable[[], None]]]:
        """Return name, words and call of each development of the selection as a whole."""
        return [(name, words, partial(self._develop, name)) for name, words, _ in changes()]

    def _develop(self, name: str) -> None:
        for candidate, words, change in changes(drums=self._document.track.drums):
            if candidate == name:
                self.keys.develop(words, change)

    def _ask_develop(self) -> None:
        button = self.tools.develop
        menu = development_menu(self._ui, self.keys, drums=self._document.track.drums)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def note_menu(ui: Any, keys: KeyBindings, document: Document, loop: Callable[[], None]) -> Any:
    """Return the menu; what needs a selection is greyed out without one."""
    menu = ui.menu()
    chosen = bool(document.selected)

    def entry(words: str, shortcut: str, run: Callable[[], None], enabled: bool = chosen) -> None:
        action = menu.addAction(f"{words}\t{shortcut}" if shortcut else words)
        action.triggered.connect(lambda _checked=False: run())
        action.setEnabled(enabled)

    entry(tr("Cut"), "Ctrl+X", keys.cut)
    entry(tr("Copy"), "Ctrl+C", keys.copy)
    entry(tr("Paste at the playhead"), "Ctrl+V", keys.paste, _has_notes())
    entry(tr("Duplicate"), "Ctrl+D", keys.duplicate)
    entry(tr("Delete"), "Del", keys.delete)
    menu.addSeparator()
    any_notes = bool(document.track.notes)
    entry(tr("Select all"), "Ctrl+A", keys.select_all, any_notes)
    entry(tr("Quantise starts"), "Q", lambda: keys.quantise(False), any_notes)
    entry(tr("Quantise starts and ends"), "Shift+Q", lambda: keys.quantise(True), any_notes)
    develop = development_menu(ui, keys, drums=document.track.drums)
    develop.setParent(menu, develop.windowFlags())
    menu.addMenu(develop).setEnabled(any_notes)
    menu.addSeparator()
    entry(tr("Semitone up"), "↑", lambda: keys.nudge(0, 1))
    entry(tr("Semitone down"), "↓", lambda: keys.nudge(0, -1))
    entry(tr("Octave up"), "Ctrl+↑", lambda: keys.nudge(0, 12))
    entry(tr("Octave down"), "Ctrl+↓", lambda: keys.nudge(0, -12))
    entry(tr("Longer"), "Shift+→", lambda: keys.stretch(1))
    entry(tr("Shorter"), "Shift+←", lambda: keys.stretch(-1))
    entry(tr("Louder"), "Alt+↑", lambda: keys.louder(5))
    entry(tr("Softer"), "Alt+↓", lambda: keys.louder(-5))
    menu.addSeparator()
    dynamics = dynamics_menu(ui, document)
    dynamics.setParent(menu, dynamics.windowFlags())
    menu.addMenu(dynamics).setEnabled(chosen)
    sing = keys.sing
    if sing is not None and not document.track.drums:
        entry(tr("Lyrics"), "T", sing, any_notes)
    menu.addSeparator()
    entry(tr("Loop the selection"), "", loop)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _has_notes() -> bool:
    from PySide6.QtGui import QGuiApplication

    return bool(notes_in(QGuiApplication.clipboard().mimeData()))
