"""The frame that the studio's own pages share: a head with controls, and the body below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.desktop.appearance import tokens
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.contents import clear

HELP = "page-help"
"""Name of the *?* in the head, which the window connects when it shows the page."""


class PageFrame(QWidget):
    """A page with its head.

    Attributes:
        controls: Row at the right of the title.
        body: Column below.
    """

    def __init__(self, look: Appearance, title: str, subtitle: str = "") -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(
            tokens.PAGE_MARGIN_X, tokens.PAGE_MARGIN_Y, tokens.PAGE_MARGIN_X, 0
        )
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(3)
        self.title = look.label(title, "title")
        words.addWidget(self.title)
        self.subtitle = look.label(subtitle, "mute", wrap=True)
        words.addWidget(self.subtitle)
        head.addLayout(words, 1)
        self.controls = QHBoxLayout()
        self.controls.setSpacing(8)
        head.addLayout(self.controls)
        head.setAlignment(self.controls, Qt.AlignmentFlag.AlignTop)
        help_button = look.icon_button("circle-question-mark", self.tr("Help on this page  F1"))
        help_button.setObjectName(HELP)
        head.addWidget(help_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self.subtitle.setVisible(bool(subtitle))
        column.addSpacing(16)
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        column.addLayout(self.body, 1)

    def say(self, subtitle: str) -> None:
        """Show another line under the title."""
        self.subtitle.setText(subtitle)
        self.subtitle.setVisible(bool(subtitle))


class Column(QScrollArea):
    """A scrolling column of cards, as wide as reads well.

    Attributes:
        cards: The column's layout.
    """

    def __init__(self, width: int = 1080) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 8, tokens.PAGE_MARGIN_Y)
        column = QWidget()
        column.setMaximumWidth(width)
        row.addWidget(column, 1)
        row.addStretch(0)
        self.cards = QVBoxLayout(column)
        self.cards.setContentsMargins(0, 0, 0, 0)
        self.cards.setSpacing(12)
        self.cards.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(inner)

    def clear(self) -> None:
        """Take every card away."""
        clear(self.cards)


def card() -> tuple[QFrame, QVBoxLayout]:
    """Return an empty card and its column."""
    frame = QFrame()
    frame.setProperty("surface", "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(16, 14, 16, 14)
    column.setSpacing(8)
    return frame, column
