"""One open text: its document, where it lies, whether it was changed. Reads and writes no disk."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QPlainTextDocumentLayout

from studio_code.pages.editor.languages import Language, language_named, language_of
from studio_code.pages.files.text_format import TextFile, TextFormat

_PARAGRAPH = "\u2029"


class OpenFile(QObject):
    """A tab's worth.

    Attributes:
        path: Relative to the open folder, with slashes; absolute for a file of elsewhere; the
            name it may get for one that was never saved.
        untitled: Whether it was never saved.
        digest: Of what is on the disk, as far as is known; empty for nothing.
        base: The text that was last read from or written to the disk: what was changed here and
            what was changed outside both began with it; None where it is not known.
        format: How it is written to the disk.
        locked: Why it can only be read; empty where it may be changed.
        gone: Whether its file was deleted while it is open.
        own_language: Which language it is treated as; empty for what its name says.
        outside: What lies on the disk and was not taken over yet, or None.

    Signals:
        changed: The text is another.
        state_changed: Path, dirty mark, lock or what lies on the disk is another.
    """

    changed = Signal()
    state_changed = Signal()

    def __init__(self, path: str, content: TextFile, *, untitled: bool = False) -> None:
        super().__init__()
        self.path, self.untitled = path, untitled
        self.digest, self.format, self.locked = content.digest, content.format, content.locked
        self.gone = False
        self.outside: TextFile | None = None
        self.own_language = ""
        self._cached: str | None = content.text
        self.base: str | None = content.text
        self.document = QTextDocument(self)
        self.document.setDocumentLayout(QPlainTextDocumentLayout(self.document))
        self.document.setUndoRedoEnabled(False)
        self.document.setPlainText(content.text)
        self.document.setUndoRedoEnabled(True)
        self.document.setModified(False)
        self.cursor = QTextCursor(self.document)
        """Where the user is; the editor keeps it."""
        self.document.contentsChange.connect(self._on_change)
        self.document.modificationChanged.connect(lambda _dirty: self.state_changed.emit())

    # --- what it is ---------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    @property
    def language(self) -> str:
        """The id of its language, as tasks take it."""
        return self.kind.id

    @property
    def kind(self) -> Language:
        """Editor settings of its language."""
        return language_named(self.own_language) if self.own_language else language_of(self.path)

    def set_language(self, id: str) -> None:
        """Override the language implied by the name; empty to use the name."""
        if id == self.own_language:
            return
        self.own_language = id
        self.state_changed.emit()

    @property
    def dirty(self) -> bool:
        """Whether the text differs from the disk."""
        return self.document.isModified()

    def text(self) -> str:
        """Return the text, lines parted by ``\\n``; every character as it is in the file."""
        if self._cached is None:
            # Not toPlainText, which makes ordinary spaces of those that do not break.
            self._cached = self.document.toRawText().replace(_PARAGRAPH, "\n")
        return self._cached

    def selection(self) -> tuple[str, int, int]:
        """Return the selected text and its first and last line (from 1); the cursor's if none."""
        start, end = self.cursor.selectionStart(), self.cursor.selectionEnd()
        first = self.document.findBlock(start).blockNumber() + 1
        last = self.document.findBlock(max(start, end - 1)).blockNumber() + 1
        return self.cursor.selectedText().replace(_PARAGRAPH, "\n"), first, last

    @property
    def line(self) -> int:
        """The line of the cursor, from 1."""
        return self.cursor.blockNumber() + 1

    # --- changing it --------------------------------------------------------------------------

    def set_text(self, text: str) -> None:
        """Make the text another in one step that can be undone; touches only what differs."""
        old = self.text()
        if text == old:
            return
        start = _common(old, text)
        limit = min(len(old), len(text)) - start
        end = _common_end(old, text, limit)
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        cursor.setPosition(_units(old, start))
        cursor.setPosition(_units(old, len(old) - end), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[start : len(text) - end])
        cursor.endEditBlock()

    def saved(self, text: str, digest: str) -> None:
        """Take note that ``text`` is on the disk now."""
        self.digest, self.gone, self.untitled, self.outside = digest, False, False, None
        self.base = text
        self.document.setModified(self.text() != text)
        self.state_changed.emit()

    def lost(self) -> None:
        """Take note that its file is gone; the text stays, unsaved."""
        self.gone, self.outside = True, None
        self.document.setModified(True)
        self.state_changed.emit()

    def reloaded(self, content: TextFile) -> None:
        """Replace the text by that on the disk; undo restores the one before."""
        self.set_text(content.text)
        self.format, self.locked = content.format, content.locked
        self.saved(content.text, content.digest)

    def changed_outside(self, content: TextFile) -> None:
        """Take note of what lies on the disk without showing it."""
        self.outside, self.gone = content, False
        self.state_changed.emit()

    def keep_mine(self) -> None:
        """What lies on the disk has been seen; the next save replaces it."""
        if self.outside is not None:
            self.digest, self.base = self.outside.digest, self.outside.text
            self.outside = None
            self.document.setModified(True)
            self.state_changed.emit()

    def set_path(self, path: str) -> None:
        """Call it otherwise."""
        self.path = path
        self.state_changed.emit()

    def _on_change(self, *_where: Any) -> None:
        self._cached = None
        self.changed.emit()


def blank(text: str = "") -> TextFile:
    """Return the initial content of a new file."""
    return TextFile(text, TextFormat(), "")


def _common(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # comparing slices is faster than looking at each character
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: str, other: str, limit: int) -> int:
    """Return how many of the last ``limit`` characters are the same."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _units(text: str, count: int) -> int:
    """Return a place in ``text`` as Qt counts it: characters above U+FFFF are two."""
    if text.isascii():
        return count
    return len(text[:count].encode("utf-16-le")) // 2
