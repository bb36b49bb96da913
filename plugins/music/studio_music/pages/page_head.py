"""The head of the page: what to do, the title of the piece, which view, and the menu."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from studio.api import PluginContext
from studio_music.pages.editor.document import Document
from studio_music.pages.modes import modes
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

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._name = QLabel(tr("Music"))
        self._name.setProperty("role", "title")
        choices = [(mode.id, mode.icon, mode.title) for mode in modes()]
        self.modes = ctx.ui.switch_bar(tr("What to do"), choices)
        self.title = TitleField(document)
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
        row.addWidget(self.modes.widget)
        row.addWidget(self.title, 1)
        row.addStretch(0)
        row.addWidget(self.views.widget)
        row.addWidget(self.more)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names give way where there is little room."""
        super().resizeEvent(event)
        self._name.setVisible(self.width() >= _NARROW)
        self.title.set_room(self.width() >= _NARROW)
        self.modes.show_words(self.width() >= _TINY)
