"""Key bindings among the notes, each also an action by name. Paints nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent

from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.edits import NONE
from studio_music.pages.editor.grid import bar_at, snapped, snapped_down
from studio_music.pages.roll.gestures import Desk
from studio_music.pages.roll.notation_menu import put_accent
from studio_music.score.piece import MAX_TRACKS, Note, Piece, Track

MIME = "application/x-offline-studio-notes+json"
_MOST = 8 << 20
_LOUDER = 5
_ASIDE = 0.3
"""Where a counter-melody sits, from the middle to the right."""

_KEY, _HELD = Qt.Key, Qt.KeyboardModifier
_NONE, _SHIFT = _HELD.NoModifier, _HELD.ShiftModifier
_CTRL, _ALT = _HELD.ControlModifier, _HELD.AltModifier


class KeyBindings:
    """Edits of the selection.

    Attributes:
        seek: Puts the playhead somewhere.
        reveal: Brings a note into view.
        playhead: Where it is.
        write: Lets a model "continue", "vary" or "fill" the selection; None where there is none.
        sing: Lets the user type what is sung on the selection; None where there is no score.
        tell: Says why nothing was changed.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._document = desk, desk.document
        self.seek: Callable[[int], None] = lambda tick: None
        self.reveal: Callable[[Note], None] = lambda note: None
        self.playhead = 0
        self.write: Callable[[str], None] | None = None
        self.sing: Callable[[], None] | None = None
        self.tell: Callable[[str], None] = lambda words: None
        self._table = self._bindings()

    def _bindings(self) -> dict[tuple[int, Qt.KeyboardModifier], Callable[[], object]]:
        return {
            (_KEY.Key_Left, _NONE): lambda: self.nudge(-1, 0),
            (_KEY.Key_Right, _NONE): lambda: self.nudge(1, 0),
            (_KEY.Key_Up, _NONE): lambda: self.nudge(0, 1),
            (_KEY.Key_Down, _NONE): lambda: self.nudge(0, -1),
            (_KEY.Key_Up, _CTRL): lambda: self.nudge(0, 12),
            (_KEY.Key_Down, _CTRL): lambda: self.nudge(0, -12),
            (_KEY.Key_Left, _SHIFT): lambda: self.stretch(-1),
            (_KEY.Key_Right, _SHIFT): lambda: self.stretch(1),
            (_KEY.Key_Up, _ALT): lambda: self.louder(_LOUDER),
            (_KEY.Key_Down, _ALT): lambda: self.louder(-_LOUDER),
            (_KEY.Key_Left, _CTRL): lambda: self.walk(-1, False),
            (_KEY.Key_Right, _CTRL): lambda: self.walk(1, False),
            (_KEY.Key_Left, _CTRL | _SHIFT): lambda: self.walk(-1, True),
            (_KEY.Key_Right, _CTRL | _SHIFT): lambda: self.walk(1, True),
            (_KEY.Key_Delete, _NONE): self.delete,
            (_KEY.Key_Backspace, _NONE): self.delete,
            (_KEY.Key_Return, _NONE): self.insert,
            (_KEY.Key_Enter, _NONE): self.insert,
            (_KEY.Key_Insert, _NONE): self.insert,
            (_KEY.Key_Escape, _NONE): lambda: self._document.select(NONE),
            (_KEY.Key_A, _CTRL): self.select_all,
            (_KEY.Key_C, _CTRL): self.copy,
            (_KEY.Key_X, _CTRL): self.cut,
            (_KEY.Key_V, _CTRL): self.paste,
            (_KEY.Key_D, _CTRL): self.duplicate,
            (_KEY.Key_Q, _NONE): lambda: self.quantise(False),
            (_KEY.Key_Q, _SHIFT): lambda: self.quantise(True),
            (_KEY.Key_Home, _NONE): lambda: self.seek(0),
            (_KEY.Key_End, _NONE): lambda: self.seek(self._document.piece.length),
            (_KEY.Key_Comma, _NONE): lambda: self.step(-1),
            (_KEY.Key_Period, _NONE): lambda: self.step(1),
            (_KEY.Key_V, _SHIFT): lambda: put_accent(self._document, "accent"),
            (_KEY.Key_T, _NONE): lambda: self.sing and self.sing(),
        }

    def press(self, event: QKeyEvent) -> bool:
        """Handle a key; False if it has no binding here."""
        held = event.modifiers() & ~_HELD.KeypadModifier
        run = self._table.get((event.key(), held))
        if run is None or self._document.empty:
            return False
        run()
        return True

    # --- the selection ------------------------------------------------------------------------

    def nudge(self, steps: int, pitches: int) -> None:
        """Move the selection by steps of the grid and by semitones."""
        document, chosen = self._document, self._document.selected
        if not chosen:
            if steps:
                self.step(steps)
            return
        ticks = 0
        if steps:
            first = min(note.start for note in chosen)
            ticks = self._along(first, steps) - first
        document.apply(
            tr("Move notes"),
            edits.move(document.piece, document.current, chosen, ticks, pitches),
        )
        self._show_first()
        if pitches and document.selected:
            self._desk.sound(min(document.selected).pitch)

    def _along(self, tick: int, steps: int) -> int:
        """Return the place on the grid that is ``steps`` after ``tick``, or before it."""
        snap, piece = self._desk.snap, self._document.piece
        if snap <= 1:
            return max(0, tick + steps * 10)
        near = snapped_down(piece, tick, snap)
        if steps < 0 and near < tick:
            return near
        if steps < 0:
            return snapped_down(piece, max(0, tick - 1), snap)
        bar = bar_at(piece, tick)
        return min(near + snap, bar.end)

    def stretch(self, steps: int) -> None:
        """Make the selection longer by steps of the grid."""
        document, step = self._document, max(10, self._desk.snap)
        edited = edits.resize(
            document.piece, document.current, document.selected, steps * step, step
        )
        document.apply(tr("Change lengths"), edited)
        if document.selected:
            self._desk.length = min(document.selected).length

    def louder(self, by: int) -> None:
        """Change the velocities of the selection."""
        document = self._document
        edited = edits.louder(document.piece, document.current, document.selected, by)
        document.apply(tr("Change velocities"), edited, merge="velocity")

    def delete(self) -> None:
        """Take the selection out."""
        document = self._document
        if document.selected:
            edited = edits.remove(document.piece, document.current, document.selected)
            document.apply(tr("Delete notes"), edited)

    def quantise(self, ends: bool) -> None:
        """Move the selection, or all notes of the track, onto the grid."""
        document = self._document
        chosen = document.selected or frozenset(document.track.notes)
        snap = max(2, self._desk.snap)
        edited = edits.quantise(document.piece, document.current, chosen, snap, ends=ends)
        document.apply(tr("Quantise"), edited)

    def develop(self, words: str, change: Callable[[list[Note], Piece, int], list[Note]]) -> None:
        """Change the selection, or all notes of the track, as a whole.

        Args:
            words: What the change is called where it can be undone.
            change: Gets the notes, the piece, and a seed that is another one each time.
        """
        document = self._document
        chosen = document.selected or frozenset(document.track.notes)
        if chosen:
            notes = change(sorted(chosen), document.piece, document.undo.index())
            if sorted(notes) == sorted(chosen):
                message = tr("{change}: there is nothing to change in these notes.")
                self.tell(message.format(change=words))
                return
            edited = edits.exchange(document.piece, document.current, chosen, notes)
            document.apply(words, edited)
            self._show_first()

    @property
    def has_harmony(self) -> bool:
        """Whether chords lie under the selection, or under the track."""
        from studio_music.compose.backing.counter_melody import fits

        document = self._document
        chosen = document.selected or document.track.notes
        return len(document.piece.tracks) < MAX_TRACKS and fits(document.piece, sorted(chosen))

    def add_counter_melody(self, program: int) -> None:
        """Write a line against the selection, or all of the track, in a track of its own."""
        from studio_music.compose.backing.counter_melody import counter_melody

        document = self._document
        chosen = sorted(document.selected or document.track.notes)
        line = counter_melody(document.piece, chosen, program, document.undo.index())
        words = tr("Counter-melody")
        track = Track(words, tuple(line), program, pan=_ASIDE)
        piece = edits.add_track(document.piece, track)
        document.apply_piece(words, piece, track=len(piece.tracks) - 1)

    def add_player(self, role: str, genre: str) -> None:
        """Let a bass or drums play under the selection, or all of the track, in their own track.

        Args:
            role: "bass" or "drums"; what its track has in these bars is replaced.
        """
        from studio_music.compose.backing.players import played

        document = self._document
        chosen = sorted(document.selected or document.track.notes)
        if document.track.drums or not chosen:
            return
        track, span, chords = played(document.piece, chosen, role, genre, document.undo.index())
        words = tr("Add bass") if role == "bass" else tr("Add drums")
        piece = edits.with_player(document.piece, track, span)
        document.apply_piece(words, msgspec.structs.replace(piece, chords=chords))

    def duplicate(self) -> None:
        """Put a copy of the selection behind it."""
        document = self._document
        if document.selected:
            snap = max(1, self._desk.snap)
            edited = edits.duplicate(document.piece, document.current, document.selected, snap)
            document.apply(tr("Duplicate notes"), edited)
            self._show_first()

    def select_all(self) -> None:
        """Select all notes of the track."""
        self._document.select(frozenset(self._document.track.notes))

    def walk(self, step: int, adding: bool) -> None:
        """Select the next note, or the one before."""
        document = self._document
        note = edits.neighbour(document.track, document.selected, step, self.playhead)
        if note is not None:
            document.select(frozenset({note}) | (document.selected if adding else NONE))
            self._desk.length, self._desk.velocity = note.length, note.velocity
            self._desk.sound(note.pitch)
            self.reveal(note)

    def insert(self) -> None:
        """Draw a note behind the selection, or at the playhead where nothing is selected."""
        document, desk = self._document, self._desk
        last = max(document.selected, default=None, key=lambda note: note.end)
        start = last.end if last else snapped(document.piece, self.playhead, desk.snap)
        anchor = last or edits.neighbour(document.track, NONE, -1, self.playhead)
        pitch = anchor.pitch if anchor else 36 if document.track.drums else 60
        note = Note(start, pitch, max(1, desk.length), desk.velocity)
        document.apply(tr("Draw a note"), edits.add(document.piece, document.current, [note]))
        desk.sound(pitch)
        self._show_first()

    def step(self, steps: int) -> None:
        """Move the playhead along the grid."""
        self.seek(self._along(self.playhead, steps))

    # --- clipboard ----------------------------------------------------------------------------

    def copy(self) -> None:
        """Put the selection on the clipboard."""
        notes = sorted(self._document.selected)
        if notes:
            data = QMimeData()
            data.setData(MIME, msgspec.json.encode(notes))
            QGuiApplication.clipboard().setMimeData(data)

    def cut(self) -> None:
        """Copy, then delete."""
        self.copy()
        self.delete()

    def paste(self) -> None:
        """Paste the copied notes at the playhead and select them."""
        document = self._document
        notes = notes_in(QGuiApplication.clipboard().mimeData())
        if notes:
            at = snapped(document.piece, self.playhead, self._desk.snap)
            edited = edits.paste(document.piece, document.current, notes, at)
            document.apply(tr("Paste notes"), edited)
            self._show_first()

    def _show_first(self) -> None:
        if self._document.selected:
            self.reveal(min(self._document.selected))


def notes_in(data: QMimeData | None) -> list[Note]:
    """Return the notes on a clipboard; none where it holds something else, or nonsense."""
    if data is None or not data.hasFormat(MIME):
        return []
    payload = data.data(MIME).data()
    if len(payload) > _MOST:
        return []
    try:
        notes = msgspec.json.decode(payload, type=list[Note])
    except msgspec.MsgspecError:
        return []
    return [
        note
        for note in notes
        if note.start >= 0
        and note.length > 0
        and 0 <= note.pitch <= 127
        and 1 <= note.velocity <= 127
    ]
