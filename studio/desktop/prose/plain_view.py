"""Plain text of a user: no Markdown, no colours.

Sized to its text.
"""

from __future__ import annotations

from math import ceil

from PySide6.QtGui import QTextBlockFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api.window.ui import Ui
from studio.desktop.prose.inert_browser import TEXT_PX, InertBrowser

_LINE_HEIGHT = 145.0


class PlainView(InertBrowser):
    """Text as wide as it needs, up to a limit."""

    def __init__(self, ui: Ui, parent: QWidget | None = None) -> None:
        super().__init__(ui, parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        # By its own width the view would wrap to the one it has while it is not yet in view.
        self.setLineWrapMode(InertBrowser.LineWrapMode.FixedPixelWidth)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDefaultFont(self.text_font(TEXT_PX))
        self._text = ""
        self._limit = 0

    @property
    def widget(self) -> QWidget:
        """The view itself."""
        return self

    def set_text(self, text: str) -> None:
        """Show ``text``; a hundred thousand characters and more hold up the window."""
        if text == self._text:
            return
        self._text = text
        self.setPlainText(self._text)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        lines = QTextBlockFormat()
        lines.setLineHeight(_LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(lines)
        self.rest_cursor()
        self._hug()

    def set_limit(self, width: int) -> None:
        """Be at most ``width`` pixels wide."""
        if width != self._limit:
            self._limit = width
            self._hug()

    def _hug(self) -> None:
        if self._limit <= 0:
            return
        document = self.document()
        self.setLineWrapColumnOrWidth(self._limit)
        width = min(self._limit, ceil(document.idealWidth()) + 1)
        self.setLineWrapColumnOrWidth(width)
        self.setFixedSize(width, ceil(document.size().height()) + 1)
