"""The head of the page: mode, title of the piece, choice of view, and the menu."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from studio.api import ModeForms, PluginContext, Role
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.piece_view import ROLL, SCORE, SPLIT

_MAX_CHARS = 120

_NARROW, _TINY = 600, 440


class PageHead(QWidget):
    """One row.

    Signals:
        menu_asked: The menu of the page is wanted.
    """

    menu_asked = Signal()

    def __init__(self, ctx: PluginContext, document: Document, modes: ModeForms) -> None:
        super().__init__()
        self._name = ctx.ui.label(tr("Music"), Role.TITLE)
        self._modes = modes
        self.title = TitleField(document)
        ctx.ui.wear(self.title, Role.PLAIN)
        self.views = ctx.ui.switch_bar(
            tr("View"),
            (
                (ROLL, "piano", tr("Piano roll  F6")),
                (SCORE, "file-music", tr("Score  F7")),
                (SPLIT, "rows-2", tr("Roll and score  F8")),
            ),
            words=False,
        )
        self.more = ctx.ui.icon_button("ellipsis", tr("Open, export, transpose and more"))
        self.more.clicked.connect(lambda _checked=False: self.menu_asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._name)
        row.addWidget(modes.widget)
        row.addWidget(self.title, 1)
        row.addStretch(0)
        row.addWidget(self.views.widget)
        row.addWidget(self.more)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names give way where there is little room."""
        super().resizeEvent(event)
        self._name.setVisible(self.width() >= _NARROW)
        self.title.set_room(self.width() >= _NARROW)
        self._modes.show_words(self.width() >= _TINY)


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
