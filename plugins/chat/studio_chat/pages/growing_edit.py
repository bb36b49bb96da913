"""A plain text field that is as tall as its text, up to a number of lines.

Knows nothing of chats.
"""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QStyle, QStyleOptionFrame

_TEXT_PX = 14  # as the text of the thread
_DOCUMENT_MARGIN = 4


class GrowingEdit(QPlainTextEdit):
    """Grows with its lines, wrapped ones counted; scrolls beyond ``max_lines``."""

    def __init__(self, max_lines: int, min_lines: int = 1) -> None:
        super().__init__()
        self._max_lines, self._min_lines = max_lines, min_lines
        font = self.font()
        font.setPixelSize(_TEXT_PX)
        self.setFont(font)
        self.setStyleSheet(f"font-size: {_TEXT_PX}px;")
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(_DOCUMENT_MARGIN)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Count the lines again: they wrap elsewhere now."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # A plain text document measures its height in lines.
        wanted = max(self.document().size().height(), self._min_lines)
        lines = min(wanted, self._max_lines)
        policy = Qt.ScrollBarPolicy
        full = wanted > self._max_lines
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if full else policy.ScrollBarAlwaysOff
        )
        text = ceil(lines * QFontMetricsF(self.font()).lineSpacing()) + 2 * _DOCUMENT_MARGIN
        height = text + self._frame_height()
        if height != self.height():
            self.setFixedHeight(height)

    def _frame_height(self) -> int:
        """Return what border and padding of the style take above and below the text."""
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        part = QStyle.SubElement.SE_ShapedFrameContents
        inside = self.style().subElementRect(part, option, self)
        return option.rect.height() - inside.height()
