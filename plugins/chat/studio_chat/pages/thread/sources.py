"""Sources of a reply, with links to the passages, which open beside the thread."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_chat.pages.documents.pane import PassagePane
from studio_chat.pages.phrases import Link, closest, drawn_on, linked_sources
from studio_chat.pages.thread.turns import Turn

_CLOSEST = "closest"
"""Link that shows the passages nearest to a question that the documents do not answer."""
_ANYWAY = "anyway"
"""Link that has such a question answered all the same."""


class Sources(QWidget):
    """A sentence with links; hidden without documents."""

    def __init__(self, ctx: PluginContext, answer_anyway: Callable[[Turn], None]) -> None:
        super().__init__()
        self._ctx, self._answer_anyway = ctx, answer_anyway
        self._turn: Turn | None = None
        self._is_open = False
        self._icon, self._words = QLabel(), QLabel()
        self._icon.setFixedSize(16, 18)
        self._words.setTextFormat(Qt.TextFormat.RichText)
        ctx.ui.wear(self._words, Role.MUTE)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._words.linkActivated.connect(self.show_passage)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(line)
        self.hide()
        end_theme = ctx.ui.on_theme(lambda _tokens: self.show_turn(self._turn))
        self.destroyed.connect(lambda: end_theme())

    @property
    def words(self) -> str:
        """The shown text; empty while hidden."""
        return "" if self.isHidden() or self._turn is None else self._told(self._turn)

    def show_turn(self, turn: Turn | None) -> None:
        """Show the sources of a reply; None while it is being written."""
        text = self._told(turn) if turn is not None else ""
        self._turn = turn
        self.setVisible(bool(text))
        if turn is not None and text:
            icon = self._ctx.ui.icon("file-text", "mute")
            self._icon.setPixmap(icon.pixmap(QSize(16, 16)))
            self._words.setText("")  # else the colour of its links is that of the last theme
            self._words.setText(self._linked(turn))
            self._words.setAccessibleName(text)

    def show_passage(self, link: str) -> None:
        """Show a passage in the pane beside the thread; a second click takes it away."""
        if link == _CLOSEST:
            self._is_open = not self._is_open
            self.show_turn(self._turn)
            return
        if link == _ANYWAY and self._turn is not None:
            self._answer_anyway(self._turn)
            return
        pane = PassagePane.near(self)
        if pane is None or self._turn is None:
            return
        number, place = (int(part) for part in link.split(":"))
        pane.open((self._turn.id, link), linked_sources(self._turn)[number], place)

    def _told(self, turn: Turn, link: Link = lambda words, _source, _place: words) -> str:
        """Return the sentence; the passages that are only near are shown when asked for."""
        if not (near := closest(turn, link)):
            return drawn_on(turn, link)
        heading = link(f"{'▾' if self._is_open else '▸'} {tr('Closest passages')}", -1, 0)
        passages = near if self._is_open else ""
        anyway = f"· {link(tr('Answer anyway'), -1, 1)}"
        return " ".join(filter(None, (drawn_on(turn), heading, passages, anyway)))

    def _linked(self, turn: Turn) -> str:
        """Return the sentence as rich text in which each stretch that can be read is a link."""
        sources = linked_sources(turn)

        def link(words: str, number: int, place: int) -> str:
            if number < 0:
                return f"\x01{_ANYWAY if place else _CLOSEST}\x02{words}\x03"
            path = sources[number].get("path")
            return f"\x01{number}:{place}\x02{words}\x03" if path else words

        html_text = escape(self._told(turn, link))
        for mark, html in (
            ("\x01", '<a style="text-decoration:none" href="'),
            ("\x02", '">'),
            ("\x03", "</a>"),
        ):
            html_text = html_text.replace(mark, html)
        return html_text
