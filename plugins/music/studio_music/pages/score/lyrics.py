"""Typing the words of a song under its notes, one syllable after the other."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.score.canvas import ScoreCanvas
from studio_music.score.piece import MAX_LYRIC, MAX_VERSES, Note

_WIDTH = 80
_HELD = "_"


class LyricField(QLineEdit):
    """The field.

    Signals:
        left: What is sung on this note, and where to go on: 1 the next note, −1 the one before,
            0 nowhere.
        verse_asked: Another verse is wanted: 1 the next one, −1 the one before.
        given_up: This note stays as it was.
    """

    left = Signal(str, int)
    verse_asked = Signal(int)
    given_up = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._before = ""
        self.setMaxLength(MAX_LYRIC - 1)
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName(tr("Syllable under the note"))
        self.setToolTip(
            tr(
                "Space: next note. Hyphen: the word continues. _: hold the syllable. "
                "Down and Up: next and previous verse. Enter: finish."
            )
        )
        self.hide()

    def begin(self, syllable: str, verse: int = 0) -> None:
        """Show the current syllable, to be typed over."""
        self._before = syllable
        self.setPlaceholderText(tr("Verse {n}").format(n=verse + 1) if verse else "")
        self.setText("" if syllable == _HELD else syllable.removesuffix("-").replace("\u00a0", "~"))
        self.show()
        self.raise_()
        self.setFocus()
        self.selectAll()

    def leave(self, step: int, *, ends: str = "") -> None:
        """Report the typed text, and where to continue."""
        words = self.text().strip().replace("~", "\u00a0")
        if not step and not self.isModified():
            self.left.emit(self._before, step)
        else:
            self.left.emit(words + ends if words else "", step)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from note to note."""
        key, typed = event.key(), event.text()
        if typed == " ":
            self.leave(1)
        elif typed == "-":
            self.leave(1, ends="-")
        elif typed == _HELD:
            if self.text() and self.selectedText() != self.text():
                self.leave(1)
            self.left.emit(_HELD, 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.leave(0)
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.verse_asked.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_Escape:
            self.given_up.emit()
        elif key == Qt.Key.Key_Backspace and not self.text():
            self.leave(-1)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes to the next note, Shift+Tab to the one before."""
        self.leave(1 if forward else -1)
        return True

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Save the typed text."""
        super().focusOutEvent(event)
        if self.isVisible() and event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.leave(0)


_BELOW, _LEFT = 16, 2
_LINE = 0.62
"""Height of a line of words, in what a page is scaled by."""


class LyricTyping(QObject):
    """Keeps the field under the note that is selected, wherever the page has it.

    Attributes:
        field: Hidden while nothing is typed.
        verse: That is typed; 0 is the first.
        scale: Of the score.
    """

    def __init__(self, canvas: ScoreCanvas, document: Document, scale: float) -> None:
        super().__init__(canvas)
        self._canvas, self._document = canvas, document
        self._note: Note | None = None
        self._wanted = False
        self.verse, self.scale = 0, scale
        self.field = LyricField(canvas)
        self.field.left.connect(self._on_left)
        self.field.verse_asked.connect(self._go_to_verse)
        self.field.given_up.connect(self.end)
        document.opened.connect(self.end)

    def begin(self) -> None:
        """Type under the first selected note, or the first of the track; soon, if it must be."""
        document = self._document
        notes = sorted(document.selected) or list(document.track.notes[:1])
        if document.track.drums or not notes:
            return
        self._wanted, self.verse = True, 0
        self._go(notes[0])

    def end(self) -> None:
        """Put the field away; the keys go back to the score."""
        self._note, self._wanted = None, False
        if self.field.isVisible():
            self.field.hide()
            self._canvas.setFocus()

    def show_sheet(self) -> None:
        """The page was engraved anew: the field goes with its note."""
        if self._note is not None and self._wanted:
            self._place(self._note)

    def _go(self, note: Note) -> None:
        self._note = note
        self._document.select(frozenset({note}))
        if self._place(note):
            self.field.begin(self._known(note), self.verse)

    def _known(self, note: Note) -> str:
        return "".join(note.sung[self.verse : self.verse + 1])

    def _go_to_verse(self, step: int) -> None:
        """Go on with the verse below or above, under the same note."""
        verse = self.verse + step
        if self._note is not None and 0 <= verse < MAX_VERSES:
            self.field.leave(0)
            (note,) = self._document.selected or (None,)
            self._wanted, self.verse = True, verse
            if note is not None:
                self._go(note)

    def _place(self, note: Note) -> bool:
        """Put the field under a note; False where the page does not show it yet."""
        sheet, track = self._canvas.sheet, self._document.current
        track_notes = (
            sheet.piece.tracks[track].notes if sheet and track < len(sheet.piece.tracks) else ()
        )
        number = next(
            (
                n
                for n, k in enumerate(track_notes)
                if (k.start, k.pitch) == (note.start, note.pitch)
            ),
            -1,
        )
        box = self._canvas.box_of(track, number)
        if box is None:
            return False
        left = round(box.left()) - _LEFT  # what is sung before stays to be read
        right = max(0, self._canvas.width() - self.field.width())
        below = round(box.bottom() + _BELOW + self.verse * self.scale * _LINE)
        self.field.move(max(0, min(left, right)), below)
        if not self.field.isVisible():
            self.field.begin(self._known(note), self.verse)
        return True

    def _on_left(self, syllable: str, step: int) -> None:
        note, document = self._note, self._document
        if note is None:
            return
        self._note = None  # what the field says while it goes is not heard twice
        if syllable != self._known(note) and note in document.track.notes:
            edited = edits.set_lyric(document.piece, document.current, note, syllable, self.verse)
            document.apply(tr("Type lyrics"), edited)
            (note,) = edited.selected
        following = self._neighbour(note, step) if step else None
        if following is None:
            self.end()
        else:
            self._go(following)

    def _neighbour(self, note: Note, step: int) -> Note | None:
        """Return the lowest note of the next chord, or of the one before; None at the ends."""
        notes = self._document.track.notes
        if step > 0:
            return next((n for n in notes if n.start > note.start), None)
        before = [n for n in notes if n.start < note.start]
        return min((n for n in before if n.start == before[-1].start), default=None)
