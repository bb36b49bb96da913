"""The title of the piece, to read and to change. Keeps none itself."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy

from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import tr

_MAX_CHARS = 120


class TitleField(QLineEdit):
    """Shows the title; Return keeps another, Escape the one before."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._room = True
        self.setMaxLength(_MAX_CHARS)
        self.setStyleSheet("min-height: 24px;")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)
        self.setAccessibleName(tr("Title of the piece"))
        self.setToolTip(tr("Title: click to change it"))
        self.editingFinished.connect(self._keep)
        document.changed.connect(self._show)
        self._show()

    def set_room(self, room: bool) -> None:
        """Show it where there is room for it."""
        self._room = room
        self._show()

    def _show(self) -> None:
        self.setVisible(self._room and not self._document.empty)
        if not self.hasFocus() or self._document.piece.title != self.text().strip():
            self.setText(self._document.piece.title)
            self.setCursorPosition(0)

    def _keep(self) -> None:
        title, piece = self.text().strip(), self._document.piece
        if title and title != piece.title and not self._document.empty:
            self._document.apply_piece(tr("Change the title"), replace(piece, title=title))
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the title there is."""
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._document.piece.title)
            self.clearFocus()
        else:
            super().keyPressEvent(event)
