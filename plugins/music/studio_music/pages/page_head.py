"""The head of the page: what to do, the title of the piece, which view, and the menu."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.api import ModeForms, PluginContext, Role
from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import tr
from studio_music.pages.stage import ROLL, SCORE, SPLIT
from studio_music.pages.title_field import TitleField

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
