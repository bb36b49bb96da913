"""A text field that grows with its lines; Return runs, Shift+Return begins a line."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QStyle, QStyleOptionFrame

_TEXT_PX = 14
_DOCUMENT_MARGIN = 4
_RETURNS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PromptField(QPlainTextEdit):
    """Implements ``studio.api.intake.PromptField``."""

    def __init__(
        self,
        name: str,
        placeholder: str,
        lines: tuple[int, int],
        max_chars: int,
        font_family: str,
        wrap: bool,
    ) -> None:
        super().__init__()
        self._least, self._most = lines
        self._max_chars = max_chars
        self._keys: list[Callable[[QKeyEvent], bool]] = []
        self._pastes: list[Callable[[QMimeData], bool]] = []
        self._returns: list[Callable[[], None]] = []
        self._refused: list[Callable[[int], None]] = []
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if not wrap:
            self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._set_font(font_family)
        self.document().setDocumentMargin(_DOCUMENT_MARGIN)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())
        self._fit()

    def _set_font(self, family: str) -> None:
        font = self.font()
        if family:
            font.setFamily(family)
        font.setPixelSize(_TEXT_PX)
        self.setFont(font)
        families = f"font-family: '{family}'; " if family else ""
        self.setStyleSheet(f"{families}font-size: {_TEXT_PX}px;")

    @property
    def widget(self) -> QPlainTextEdit:
        """The field itself."""
        return self

    @property
    def text(self) -> str:
        """The text, stripped."""
        return self.toPlainText().strip()

    def set_text(self, text: str) -> None:
        """Replace the text as one undoable edit."""
        cursor = self.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(text)

    # --- who listens --------------------------------------------------------------------------

    def on_change(self, call: Callable[[], None]) -> None:
        """Call after each change."""
        self.textChanged.connect(call)

    def on_return(self, call: Callable[[], None]) -> None:
        """Call when Return was pressed."""
        self._returns.append(call)

    def on_key(self, call: Callable[[QKeyEvent], bool]) -> None:
        """Ask first with each key; True says that it was one of the page's."""
        self._keys.append(call)

    def on_paste(self, call: Callable[[QMimeData], bool]) -> None:
        """Call with pasted or dropped data before inserting; True marks it as handled."""
        self._pastes.append(call)

    def on_refused(self, call: Callable[[int], None]) -> None:
        """Call with how long it would be when a paste was refused as too long."""
        self._refused.append(call)

    # --- hands --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return runs."""
        if any(call(event) for call in self._keys):
            return
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in _RETURNS and not shifted and self._returns:
            for call in self._returns:
                call()
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """More than words, where the page wants to see it."""
        more = bool(self._pastes) and (source.hasImage() or source.hasUrls())
        return more or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Take words as words, unless they are too many or the page takes them."""
        if any(call(source) for call in self._pastes) or not source.hasText():
            return
        selected = len(self.textCursor().selectedText())
        length = len(self.toPlainText()) - selected + len(source.text())
        if self._max_chars and length > self._max_chars:
            for call in self._refused:
                call(length)
        else:
            self.insertPlainText(source.text())

    # --- height -------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Count the lines again: they wrap elsewhere now."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # A plain text document measures its height in lines.
        wanted = max(self.document().size().height(), self._least)
        policy = Qt.ScrollBarPolicy
        full = wanted > self._most
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if full else policy.ScrollBarAlwaysOff
        )
        lines = ceil(min(wanted, self._most) * QFontMetricsF(self.font()).lineSpacing())
        height = lines + 2 * _DOCUMENT_MARGIN + self._frame_height()
        if height != self.height():
            self.setFixedHeight(height)

    def _frame_height(self) -> int:
        """Return what border and padding of the style take above and below the text."""
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        part = QStyle.SubElement.SE_ShapedFrameContents
        inside = self.style().subElementRect(part, option, self)
        return int(option.rect.height() - inside.height())
