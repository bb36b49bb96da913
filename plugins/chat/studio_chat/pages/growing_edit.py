"""A plain text field that is as tall as its text, up to a number of lines. Knows nothing of chats."""

from __future__ import annotations

from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit

from studio_chat.pages.prose_view import TEXT_PX

_PADDING = 14


class GrowingEdit(QPlainTextEdit):
    """Grows with its lines, wrapped ones counted; scrolls beyond ``max_lines``."""

    def __init__(self, max_lines: int, min_lines: int = 1) -> None:
        super().__init__()
        self._max_lines, self._min_lines = max_lines, min_lines
        font = self.font()
        font.setPixelSize(TEXT_PX)
        self.setFont(font)
        self.setStyleSheet(f"font-size: {TEXT_PX}px;")
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Count the lines again: they wrap elsewhere now."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # A plain text document measures its height in lines.
        lines = min(max(self.document().size().height(), self._min_lines), self._max_lines)
        height = round(lines * QFontMetricsF(self.font()).lineSpacing()) + _PADDING
        if height != self.height():
            self.setFixedHeight(height)
