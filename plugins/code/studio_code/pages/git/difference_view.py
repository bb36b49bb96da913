"""Read-only view of the diff of a file to the last commit, as git prints it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.code_text import CodeText

_GROUNDS = {"+": "good-soft", "-": "bad-soft"}


class DifferenceView(QWidget):
    """A title, and the lines.

    Signals:
        closed: The user has seen it.
    """

    closed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._title = ctx.ui.label("", Role.STRONG)
        self.text = CodeText(ctx, tr("Difference"))
        self.shut = ctx.ui.icon_button("x", tr("Close  Escape"))
        self.shut.clicked.connect(lambda _checked=False: self.closed.emit())
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 10, 8)
        head.addWidget(self._title, 1)
        head.addWidget(self.shut)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        self.setFocusProxy(self.text)

    def show_text(self, path: str, text: str) -> None:
        """Show a difference; lines that came and went stand on a ground of their own."""
        self._title.setText(tr("{path}: changes since the last commit").format(path=path))
        lines = text.split("\n")
        body = [n for n, line in enumerate(lines, 1) if not line.startswith(("+++", "---"))]
        marks = {n: _GROUNDS[lines[n - 1][0]] for n in body if lines[n - 1][:1] in _GROUNDS}
        self.text.show_code(text or tr("There is no difference in its text."), "diff", marks)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
