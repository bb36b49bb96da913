"""The piece being edited, its selection, and its undo steps.

A piece is immutable, so an undo step is the piece before; steps share what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from studio_music.pages.editor.edits import NONE, Edited, Notes
from studio_music.score.piece import Piece, Track

_STEPS = 1000


class Document(QObject):
    """One piece being edited.

    Attributes:
        piece: As it is now, with the edit under way.
        current: Place of the track that is edited.
        selected: Notes of that track.
        source: Id of the artifact that was opened; empty for none.
        undo: The steps.

    Signals:
        changed: The piece looks different, if only while something is dragged.
        edited: A step was done, undone or done again.
        opened: It is another piece.
        picked: The selection or the current track is another.
    """

    changed = Signal()
    edited = Signal()
    opened = Signal()
    picked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.piece = Piece()
        self.current = 0
        self.selected: Notes = NONE
        self.source = ""
        self.undo = QUndoStack(self)
        self.undo.setUndoLimit(_STEPS)
        self._base = self.piece
        """The piece as it is in the library."""
        self._settled = Edited(self.piece)
        """What a drag that is given up goes back to."""
        self._dragging = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to edit."""
        return not self.piece.tracks

    @property
    def dirty(self) -> bool:
        """Whether it differs from the version in the library."""
        return self._settled.piece != self._base

    @property
    def track(self) -> Track:
        """The track that is edited; an empty one if there is none."""
        tracks = self.piece.tracks
        return tracks[self.current] if self.current < len(tracks) else Track("")

    @property
    def settled(self) -> Piece:
        """The piece without the edit under way."""
        return self._settled.piece

    def open(
        self,
        piece: Piece,
        source: str,
        *,
        base: Piece | None = None,
        track: int = 0,
        step: str = "",
    ) -> None:
        """Take another piece; ``base`` is the version in the library, if that is not the same.

        Args:
            step: Label of an undoable step from the piece in view; empty for none.
        """
        before = (self._settled, self.current)
        after = (Edited(piece), max(0, min(track, len(piece.tracks) - 1)))
        self.source, self._base = source, base or piece
        if step:
            self.undo.push(_Step(step, before, after, self._step_to, ""))
        else:
            self.undo.clear()
            self._dragging = False
            (self.piece, self.selected), self.current = after
            self._settled = after[0]
        self.opened.emit()
        self.changed.emit()
        self.picked.emit()

    def saved(self, source: str, piece: Piece) -> None:
        """The library has ``piece``, as ``source``."""
        self.source, self._base = source, piece

    # --- picking ------------------------------------------------------------------------------

    def select(self, notes: Notes) -> None:
        """Select notes of the current track."""
        if notes != self.selected:
            self.selected = notes
            self._settled = Edited(self._settled.piece, notes)
            self.picked.emit()

    def choose_track(self, track: int) -> None:
        """Edit another track."""
        if track != self.current and 0 <= track < len(self.piece.tracks):
            self.current, self.selected = track, NONE
            self._settled = Edited(self._settled.piece)
            self.picked.emit()
            self.changed.emit()

    # --- editing ------------------------------------------------------------------------------

    def preview(self, edited: Edited) -> None:
        """Show an edit that is not decided yet."""
        self._dragging = True
        self.piece, self.selected = edited
        self.changed.emit()
        self.picked.emit()

    def give_up(self) -> None:
        """Go back to before the previews."""
        if self._dragging:
            self._dragging = False
            self.piece, self.selected = self._settled
            self.changed.emit()
            self.picked.emit()

    def commit(self, words: str) -> None:
        """Turn the preview into an undo step."""
        if self._dragging:
            self._dragging = False
            self.apply(words, Edited(self.piece, self.selected))

    def apply(self, words: str, edited: Edited, merge: str = "") -> None:
        """Do an edit as a step that can be undone.

        Args:
            merge: Steps in a row with the same word become one: a slider that moves.
        """
        if edited.piece == self._settled.piece:
            self._take(edited, self.current)
            return
        before = (self._settled, self.current)
        after = (edited, min(self.current, max(0, len(edited.piece.tracks) - 1)))
        self.undo.push(_Step(words, before, after, self._step_to, merge))

    def apply_piece(self, words: str, piece: Piece, merge: str = "", track: int = -1) -> None:
        """Do an edit that is about no notes; ``track`` is the one to go on with."""
        if track >= 0 and piece != self._settled.piece:
            before, after = (self._settled, self.current), (Edited(piece), track)
            self.undo.push(_Step(words, before, after, self._step_to, merge))
        else:
            self.apply(words, Edited(piece, self.selected), merge)

    def _step_to(self, edited: Edited, track: int) -> None:
        self._take(edited, track)
        self.edited.emit()

    def _take(self, edited: Edited, track: int) -> None:
        self._dragging = False
        self.current = track
        self.piece, self.selected = self._settled = edited
        self.changed.emit()
        self.picked.emit()


State = tuple[Edited, int]


class _Step(QUndoCommand):
    """From one piece to another, and back."""

    def __init__(
        self,
        words: str,
        before: State,
        after: State,
        go: Callable[[Edited, int], None],
        merge: str,
    ) -> None:
        super().__init__(words)
        self._before, self._after, self._go, self._merge = before, after, go, merge

    def id(self) -> int:
        """Steps with the same number may become one."""
        return hash(self._merge) & 0x7FFF_FFFF if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take in the step that follows."""
        if not isinstance(other, _Step) or other._merge != self._merge:
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        """Do it."""
        self._go(*self._after)

    def undo(self) -> None:
        """Undo it."""
        self._go(*self._before)
