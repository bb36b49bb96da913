"""Selectable text, as tall as its content. Never loads any resource."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QFont, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget

from studio.api.window.ui import Ui

TEXT_PX = 14


class InertBrowser(QTextBrowser):
    """Base class of all prose widgets.

    Attributes:
        open_link: Called with the address of a clicked link.
    """

    def __init__(self, ui: Ui, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ui = ui
        self.open_link: Callable[[str], None] = ui.open_link
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self.anchorClicked.connect(lambda url: self.open_link(url.toString()))

    def loadResource(self, kind: int, name: QUrl | str) -> None:
        """Refuse: nothing that a text names is ever read or fetched."""
        return

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Pass the wheel to the parent."""
        event.ignore()

    def rest_cursor(self) -> None:
        """Put the caret back to the start: it moves along with text that is inserted at it, and the
        view follows it sideways.
        """
        if not self.textCursor().hasSelection():
            sideways = self.horizontalScrollBar().value()
            self.setTextCursor(QTextCursor(self.document()))
            self.horizontalScrollBar().setValue(sideways)

    def text_font(self, px: int = TEXT_PX, *, bold: bool = False) -> QFont:
        """Return the font of running text."""
        font = QFont(self.font())
        font.setPixelSize(px)
        if bold:
            font.setWeight(QFont.Weight.DemiBold)
        return font
