"""Where a syllable is typed, under its note: a space goes on to the next one, a hyphen divides."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from studio.api.window.language import tr
from studio_music.score.piece import MAX_LYRIC

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
