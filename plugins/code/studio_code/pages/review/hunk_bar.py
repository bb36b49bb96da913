"""Header of a hunk: its counts, the decision, and the two buttons."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.review.hunks import Choice, Hunk
from studio_code.pages.review.phrases import choice_words, lines_words


class HunkBar(QWidget):
    """Lies over the right end of a head.

    Signals:
        chosen: A ``Choice``; a second click on a button takes the first one back.
    """

    chosen = Signal(object)
    WIDE = 190

    def __init__(self, ctx: PluginContext, index: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._ctx, self._index = ctx, index
        self._words = ctx.ui.label("", Role.SMALL)
        self._words.setTextFormat(Qt.TextFormat.RichText)
        self.accept = self._button("check", "good", Choice.ACCEPTED)
        self.reject = self._button("x", "bad", Choice.REJECTED)
        self.both = self._button("rows-2", "good", Choice.BOTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(2)
        row.addStretch(1)
        row.addWidget(self._words)
        row.addSpacing(6)
        row.addWidget(self.accept)
        row.addWidget(self.reject)
        row.addWidget(self.both)

    def place(self, head: QRect, hunk: Hunk) -> None:
        """Move over ``head`` and show the state of ``hunk``."""
        self.setGeometry(head.right() - self.WIDE + 1, head.top() + 1, self.WIDE, head.height() - 1)
        self._words.setText(_counts(self._ctx, hunk))
        choices = (Choice.ACCEPTED, Choice.REJECTED, Choice.BOTH)
        for button, choice in zip((self.accept, self.reject, self.both), choices, strict=True):
            button.setChecked(hunk.choice is choice)
        self.accept.setEnabled(hunk.fits)
        self.both.setVisible(hunk.conflict)
        if hunk.conflict:
            self.accept.setToolTip(tr("Use the proposed lines (A)"))
            self.reject.setToolTip(tr("Keep the present lines (R)"))
        where = lines_words(hunk)
        self.accept.setAccessibleName(tr("Accept: {where}").format(where=where))
        self.reject.setAccessibleName(tr("Reject: {where}").format(where=where))
        self.both.setAccessibleName(tr("Keep both: {where}").format(where=where))
        self.show()

    def _button(self, icon: str, color: str, choice: Choice) -> QToolButton:
        tips = {
            Choice.ACCEPTED: tr("Accept (A)"),
            Choice.REJECTED: tr("Reject (R)"),
            Choice.BOTH: tr("Keep both: the present lines, then the proposed ones (B)"),
        }
        tip = tips[choice]
        button: QToolButton = self._ctx.ui.icon_button(icon, tip)
        button.setIcon(self._ctx.ui.icon(icon, color))
        button.setIconSize(QSize(14, 14))
        self._ctx.ui.wear(button, Role.TINY)
        button.setFixedSize(24, 22)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys A and R do the same
        button.clicked.connect(lambda on: self.chosen.emit(choice if on else Choice.OPEN))
        return button


def _counts(ctx: PluginContext, hunk: Hunk) -> str:
    colors = ctx.ui.tokens.colors
    if hunk.choice is not Choice.OPEN:
        ink = colors["bad" if hunk.choice is Choice.REJECTED else "good"]
        return f"<span style='color:{ink}'>{choice_words(hunk)}</span>"
    parts = []
    if hunk.new:
        parts.append(f"<span style='color:{colors['good']}'>+{len(hunk.new)}</span>")
    if hunk.old and hunk.fits:
        parts.append(f"<span style='color:{colors['bad']}'>−{len(hunk.old)}</span>")
    return "&nbsp;&nbsp;".join(parts)
