"""The list of saved prompts that ``/`` opens over the composer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPlainTextEdit, QWidget

from studio.api import Role, Ui
from studio.api.window.language import tr
from studio_chat.pages.prompts.saved import PLACEHOLDER, Prompt

_ROWS, _WIDTH = 7, 420


class PromptPicker(QListWidget):
    """Shows what fits the word after ``/``; Return or Tab inserts, Escape closes.

    The keyboard stays in the field: the page hands keys on.

    Signals:
        edit_asked: The user wants to see all prompts.
    """

    edit_asked = Signal()

    def __init__(
        self, ui: Ui, field: QPlainTextEdit, parent: QWidget, prompts: Callable[[], list[Prompt]]
    ) -> None:
        super().__init__(parent)
        self._ui, self._field, self._prompts = ui, field, prompts
        self._refused = ""
        self.setAccessibleName(tr("Saved prompts"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setIconSize(QSize(16, 16))
        ui.wear(self, Role.SHEET)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemClicked.connect(lambda _item: self._take())
        self.hide()
        field.textChanged.connect(self._follow)

    def on_key(self, event: QKeyEvent) -> bool:
        """Handle a key of the field; return whether it was one of the list's."""
        if self.isHidden():
            chosen = PLACEHOLDER.fullmatch(self._field.textCursor().selectedText())
            return (
                event.key() == Qt.Key.Key_Tab and bool(chosen) and select_placeholder(self._field)
            )
        match event.key():
            case Qt.Key.Key_Down | Qt.Key.Key_Up:
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self.setCurrentRow((self.currentRow() + step) % self.count())
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Tab:
                self._take()
            case Qt.Key.Key_Escape:
                self._refused = self._field.toPlainText()
                self.hide()
            case _:
                return False
        return True

    def open(self) -> None:
        """Show all of them, as if ``/`` had been typed."""
        self._field.setFocus()
        if self._field.toPlainText().strip():
            self.edit_asked.emit()  # what is written stays; it can be chosen there
        else:
            self._field.setPlainText("/")
            self._field.moveCursor(QTextCursor.MoveOperation.End)

    def _follow(self) -> None:
        text = self._field.toPlainText()
        if not text.startswith("/") or len(text) > 100 or "\n" in text or text == self._refused:
            self.hide()
            return
        self._refused = ""
        wanted = text[1:].lower().strip()
        matches = [
            prompt
            for prompt in self._prompts()
            if wanted in f"{prompt.handle} {prompt.name.lower()}"
        ]
        matches.sort(key=lambda prompt: (not prompt.handle.startswith(wanted), prompt.handle))
        if wanted and not matches:  # a path, say
            self.hide()
            return
        self._show(matches)

    def _show(self, matches: list[Prompt]) -> None:
        self.clear()
        for prompt in matches:
            words = f"/{prompt.handle}   {' '.join(prompt.text[:200].split())}"
            item = QListWidgetItem(self._ui.icon("bookmark", "mute"), words)
            item.setData(Qt.ItemDataRole.UserRole, prompt)
            item.setToolTip(prompt.text[:600])
            self.addItem(item)
        words = tr("Edit prompts…") if matches else tr("No saved prompts yet. Add one…")
        self.addItem(QListWidgetItem(self._ui.icon("pencil", "mute"), words))
        self.setCurrentRow(0)
        parent = self.parentWidget()
        assert parent is not None  # made with one
        row = max(24, self.sizeHintForRow(0))
        height = row * min(_ROWS, self.count()) + 2 * self.frameWidth() + 4
        top = self._field.mapTo(parent, QPoint(0, 0))
        width = min(_WIDTH, parent.width() - top.x())
        self.setGeometry(top.x() - 4, top.y() - height - 14, width, height)
        self.raise_()
        self.show()

    def _take(self) -> None:
        prompt = self.currentItem().data(Qt.ItemDataRole.UserRole)
        self.hide()
        if isinstance(prompt, Prompt):
            insert(self._field, prompt.text, instead=True)
        else:
            self._field.clear()
            self.edit_asked.emit()


def insert(field: QPlainTextEdit, text: str, *, instead: bool = False) -> None:
    """Write a prompt at the cursor, or instead of all, and choose its first placeholder."""
    cursor = field.textCursor()
    if instead:
        cursor.select(QTextCursor.SelectionType.Document)
    start = cursor.selectionStart()
    cursor.insertText(text)
    cursor.setPosition(start)
    end = field.textCursor()
    field.setTextCursor(cursor)
    if not select_placeholder(field):
        end.setPosition(start + len(text.encode("utf-16-le")) // 2)
        field.setTextCursor(end)
    field.setFocus()


def select_placeholder(field: QPlainTextEdit) -> bool:
    """Choose the next ``{placeholder}`` behind the cursor; return whether there is one."""
    text, cursor = field.toPlainText(), field.textCursor()
    for match in PLACEHOLDER.finditer(text):
        start, end = (_units(text, at) for at in match.span())
        if start >= cursor.selectionEnd():
            break
    else:
        return False
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    field.setTextCursor(cursor)
    return True


def _units(text: str, characters: int) -> int:
    """Return where a character is as Qt counts: some are two units."""
    return len(text[:characters].encode("utf-16-le", "surrogatepass")) // 2
