"""A text with its corrections, each to accept or to reject: a word diff one can click in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QSizeF, QUrl, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from studio.api import Role, Ui
from studio.api.window.language import tr
from studio_chat.word_diff import WordChange, applied

_HIGHEST = 200


class ChangesView(QWidget):
    """The old words struck out, the new ones underlined; Tab goes from one to the next.

    Signals:
        changed: Another change was accepted or rejected.
    """

    changed = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._source, self._changes = "", list[WordChange]()
        self._accepted: set[int] = set()
        self.view = QTextBrowser()
        self.view.setOpenLinks(False)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setAccessibleName(tr("Corrections"))
        self.view.anchorClicked.connect(self._on_link)
        self.view.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._told = ui.label("", Role.SMALL, wrap=True)
        self._all = ui.button(tr("Accept all"), "check")
        self._none = ui.button(tr("Reject all"), "x")
        self._all.clicked.connect(lambda: self._choose(range(len(self._changes))))
        self._none.clicked.connect(lambda: self._choose(()))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._told, 1)
        row.addWidget(self._none)
        row.addWidget(self._all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        column.addLayout(row)
        end_theme = ui.on_theme(lambda _tokens: self._draw())
        self.destroyed.connect(lambda: end_theme())

    def show_changes(self, source: str, changes: Sequence[WordChange]) -> None:
        """Show the changes of a text; those that may alter its meaning are not accepted yet."""
        self._source, self._changes = source, list(changes)
        self._choose([n for n, change in enumerate(self._changes) if not change.marked])

    @property
    def text(self) -> str:
        """The text with the accepted changes applied."""
        return applied(self._source, self._changes, self._accepted)

    @property
    def told(self) -> str:
        """What stands below."""
        return self._told.text()

    def toggle(self, number: int) -> None:
        """Accept a change, or reject one that was accepted."""
        self._choose(self._accepted ^ {number})

    def _choose(self, numbers: Sequence[int] | range | set[int]) -> None:
        self._accepted = set(numbers)
        self._draw()
        self.changed.emit()

    def _on_link(self, link: QUrl) -> None:
        self.toggle(int(link.toString()))

    def _draw(self) -> None:
        bar = self.view.verticalScrollBar()
        place = bar.value()
        self.view.setHtml(self._html())
        bar.setValue(place)
        marked = sum(change.marked for change in self._changes)
        words = tr("{count} of {all} corrections accepted. Click one to change that.").format(
            count=len(self._accepted), all=len(self._changes)
        )
        if marked:
            words += " " + tr("⚠ marks {count} that may alter the meaning.").format(count=marked)
        self._told.setText(words if self._changes else tr("Nothing to correct."))
        for button in (self._all, self._none):
            button.setVisible(bool(self._changes))

    def _html(self) -> str:
        colors = self._ui.tokens.colors
        pieces, at = [], 0
        for number, change in enumerate(self._changes):
            is_on = number in self._accepted
            old = f"color:{colors['bad' if is_on else 'text']}"
            new = f"color:{colors['good' if is_on else 'mute']}"
            old += ";text-decoration:line-through" if is_on else ";text-decoration:none"
            new += ";text-decoration:underline" if is_on else ";text-decoration:line-through"
            words = "⚠ " if change.marked else ""
            words += f'<span style="{old}">{_shown(change.before)}</span>'
            space = " " if change.before and change.after else ""
            words += f'{space}<span style="{new}">{_shown(change.after)}</span>'
            style = f"color:{colors['warn']};text-decoration:none"
            pieces.append(_shown(self._source[at : change.start]))
            pieces.append(f'<a href="{number}" style="{style}">{words}</a>')
            at = change.end
        pieces.append(_shown(self._source[at:]))
        style = f"white-space:pre-wrap;line-height:150%;margin:0;color:{colors['text']}"
        return f'<p style="{style}">{"".join(pieces)}</p>'

    def _fit(self, size: QSizeF) -> None:
        height = size.height() + 2
        self.view.setFixedHeight(int(max(40, min(_HIGHEST, height))))


def _shown(text: str) -> str:
    return escape(text).replace("\n", "<br>")
