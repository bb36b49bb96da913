"""What a reply drew on, with links to the passages; the one asked for is shown below them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, StudioError, finished, outcome
from studio_chat.documents.passages import Document, read
from studio_chat.pages.phrases import drawn_on, merged, place_name
from studio_chat.pages.thread.turns import Turn

MOST_CHARACTERS = 20_000
"""Of a passage in view: more is slow to lay out."""
_HIGHEST = 260


class Sources(QWidget):
    """A sentence with links, and the passage that was asked for; hidden without documents."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._turn: Turn | None = None
        self._shown = ""
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
        self.passage = PassageView(ctx, self.hide_passage)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(line)
        column.addWidget(self.passage)
        self.hide()
        end_theme = ctx.ui.on_theme(lambda _tokens: self.show_turn(self._turn))
        self.destroyed.connect(lambda: end_theme())

    @property
    def words(self) -> str:
        """What it says; empty while it is hidden."""
        return "" if self.isHidden() or self._turn is None else drawn_on(self._turn)

    def show_turn(self, turn: Turn | None) -> None:
        """Say what the reply drew on; None while it is being written."""
        told = drawn_on(turn) if turn is not None else ""
        if self._turn is not None and (turn is None or turn.id != self._turn.id):
            self.hide_passage()
        self._turn = turn
        self.setVisible(bool(told))
        if turn is not None and told:
            icon = self._ctx.ui.icon("file-text", "mute")
            self._icon.setPixmap(icon.pixmap(QSize(16, 16)))
            self._words.setText("")  # else the colour of its links is that of the last theme
            self._words.setText(_linked(turn))
            self._words.setAccessibleName(told)

    def hide_passage(self) -> None:
        """Take the passage away."""
        self._shown = ""
        self.passage.hide()

    def show_passage(self, link: str) -> None:
        """Read the document again and show a passage of it; a second click takes it away."""
        if link == self._shown:
            self.hide_passage()
            return
        number, place = (int(part) for part in link.split(":"))
        source = self._turn.extra["sources"][number] if self._turn is not None else {}
        self._shown = link

        def show(found: Document | StudioError) -> None:
            if self._shown != link:
                return  # another one was asked for meanwhile
            if isinstance(found, StudioError):
                self.hide_passage()
                self._ctx.notices.error(found, key="chat.passage")
            else:
                self.passage.show_text(*passage(found, source, place))

        path = str(source.get("path", ""))
        self._ctx.run_later(lambda: outcome(lambda: finished(read(path))), show)


class PassageView(QFrame):
    """A passage with its heading, as high as it is, up to a limit."""

    def __init__(self, ctx: PluginContext, close: Any) -> None:
        super().__init__()
        ctx.ui.wear(self, Role.CARD)
        self.heading = ctx.ui.label("", Role.STRONG)
        away = ctx.ui.icon_button("x", self.tr("Close the passage"))
        away.clicked.connect(lambda: close())
        self.view = ctx.ui.plain_view()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self.view.widget)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(away)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 8, 10)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._area)
        self.hide()

    def show_text(self, heading: str, text: str) -> None:
        """Show a passage."""
        self.heading.setText(heading)
        self.view.set_text(text)
        self.show()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.view.set_limit(max(80, self.width() - 40))
        self._area.setFixedHeight(min(_HIGHEST, self.view.widget.height() + 4))


def passage(document: Document, source: Mapping[str, Any], place: int) -> tuple[str, str]:
    """Return the heading and the text of a stretch of a document, its best part first."""
    name = str(source.get("document", ""))
    if source.get("whole"):
        return name, document.text.strip()[:MOST_CHARACTERS]
    pairs = source.get("pages") or source["lines"]
    first, last = stretch = merged(pairs)[place]
    lines = document.text.split("\n")
    parts = [
        "\n".join(lines[a - 1 : b]).strip()
        for (a, b), (low, high) in zip(source["lines"], pairs, strict=True)
        if first <= low and high <= last
    ]
    return f"{name}, {place_name(source, stretch)}", "\n\n[…]\n\n".join(parts)[:MOST_CHARACTERS]


def _linked(turn: Turn) -> str:
    """Return the sentence as rich text in which each stretch that can be read is a link."""
    sources = turn.extra["sources"]

    def link(words: str, number: int, place: int) -> str:
        return f"\x01{number}:{place}\x02{words}\x03" if sources[number].get("path") else words

    told = escape(drawn_on(turn, link))
    for mark, html in (
        ("\x01", '<a style="text-decoration:none" href="'),
        ("\x02", '">'),
        ("\x03", "</a>"),
    ):
        told = told.replace(mark, html)
    return told
