"""The bin of the library: the conversations in it, and how it is emptied. Stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.api.window.language import tr
from studio.desktop import phrases
from studio.desktop.pages.gallery.artifact_grid import ago
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.elided import ElidedLabel
from studio.library import Conversation
from studio.library.upkeep.stats import Stats
from studio.protocol.errors import StudioError

MOST = 200
"""So many conversations are listed; the search finds the others."""
_HEAD, _ROW, _IN_VIEW = 26, 36, 6
"""Heights of the heading and of a row; so many rows are in view, the others are scrolled to."""


class BinnedConversations(QScrollArea):
    """The conversations in the bin, each with a button that takes it out.

    Signals:
        restored: One is back among the conversations.
    """

    restored = Signal()

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Conversations in the bin"))
        inner = QWidget()
        self._rows = QVBoxLayout(inner)
        self._rows.setContentsMargins(0, 0, 8, 0)
        self._rows.setSpacing(0)
        self._rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(inner)

    def show_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Show these."""
        clear(self._rows)
        self.setVisible(bool(conversations))
        if not conversations:
            return
        heading = self._look.label(self.tr("Conversations"), "section")
        heading.setFixedHeight(_HEAD)
        self._rows.addWidget(heading)
        for conversation in conversations:
            self._rows.addWidget(self._row(conversation))
        self.setFixedHeight(_HEAD + _ROW * min(len(conversations), _IN_VIEW))

    def _row(self, conversation: Conversation) -> QWidget:
        look, row = self._look, QWidget()
        row.setFixedHeight(_ROW)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(look.icon_label(*look.kinds.icon("conversation")))
        title = ElidedLabel(conversation.title or self.tr("Untitled conversation"))
        line.addWidget(title, 1)
        line.addWidget(look.label(ago(conversation.binned_at or 0.0), "small"))
        back = look.button(self.tr("Restore"), "archive-restore", small=True)
        back.setAccessibleName(self.tr("Restore {title}").format(title=conversation.title))
        back.clicked.connect(lambda: self._restore(conversation))
        line.addWidget(back)
        return row

    def _restore(self, conversation: Conversation) -> None:
        studio = self._parts.studio

        def done(_row: object) -> None:
            title = conversation.title or self.tr("Untitled conversation")
            text = self.tr("“{title}” is back among your conversations.").format(title=title)
            studio.notices.info(text, key=f"restored-{conversation.id}")
            self.restored.emit()

        self._parts.background.run(
            lambda: studio.library.conversations.restore(conversation.id),
            done,
            lambda error: _tell(self._parts, error),
        )


def ask_empty_bin(parts: PageServices, then: Callable[[], None]) -> None:
    """Show the contents of the bin, and delete them permanently on confirmation."""
    library, notices = parts.studio.library, parts.studio.notices

    def done(freed: int) -> None:
        text = tr("The bin was emptied; {size} freed.").format(size=phrases.size(freed))
        notices.info(text, key="bin")
        then()

    def empty() -> None:
        parts.background.run(library.empty_bin, done, lambda error: _tell(parts, error))

    def ask(stats: Stats) -> None:
        if not (stats.binned or stats.binned_conversations or stats.binned_messages):
            notices.info(tr("The bin is empty already."), key="bin")
            return
        parts.ui.confirm(
            tr("Empty the bin?"),
            tr("{what} will be deleted permanently.").format(what=contents(stats)),
            tr("Delete permanently"),
            empty,
            danger=True,
        )

    parts.background.run(library.stats, ask, lambda error: _tell(parts, error))


def contents(stats: Stats) -> str:
    """Return a text for the contents of the bin: ``3 results and 1 conversation``."""
    results, talks, messages = stats.binned, stats.binned_conversations, stats.binned_messages
    parts = []
    if results or not (talks or messages):
        parts.append(tr("1 result") if results == 1 else tr("{n} results").format(n=results))
    if talks:
        parts.append(
            tr("1 conversation") if talks == 1 else tr("{n} conversations").format(n=talks)
        )
    if messages:
        parts.append(tr("1 message") if messages == 1 else tr("{n} messages").format(n=messages))
    *first, last = parts
    return tr(" and ").join([", ".join(first), last] if first else [last])


def _tell(parts: PageServices, error: Exception) -> None:
    message = error if isinstance(error, StudioError) else str(error)
    parts.studio.notices.error(message, key="bin")
