"""Code block with a header: language, page actions, copy button.

Scrolls horizontally, never wraps.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QPaintEvent,
    QSyntaxHighlighter,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from studio.api.window.ui import BlockAction, Ui
from studio.desktop.prose.highlight import Run, highlight
from studio.desktop.prose.inert_browser import InertBrowser
from studio.desktop.prose.markdown_blocks import Block

_RELEX_LINES = 40
"""While code is written, at most about so many of its last lines are lexed again; all of it at the
end.
"""
_HOLD = 0.3
"""Seconds that the window may be held for the colours of one block of code."""
_LINE_HEIGHT = 130.0  # per cent of the font's own
_BELOW = 6
"""Room under the frame, so that it looks as far from the text below as from the text above."""
_COPIED_MS = 1200


class CodeView(QFrame):
    """One block of code.

    Attributes:
        buttons: The buttons of what a page can do with the code.
    """

    def __init__(self, ui: Ui, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ui = ui
        self._block = Block("code")
        self.buttons: list[QPushButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._language = QLabel()
        self._language.setTextFormat(Qt.TextFormat.PlainText)
        self._language.setProperty("role", "small")
        self._copy = ui.icon_button("copy", self.tr("Copy code"))
        self._copy.setIconSize(QSize(14, 14))
        self._copy.clicked.connect(self._on_copy)
        self._code = _Code(ui)
        self._header = header = QHBoxLayout()
        header.setContentsMargins(14, 3, 5, 0)
        header.setSpacing(6)
        header.addWidget(self._language)
        header.addStretch(1)
        header.addWidget(self._copy)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1 + _BELOW)
        column.setSpacing(0)
        column.addLayout(header)
        column.addWidget(self._code)

    def offer(self, actions: Sequence[BlockAction]) -> None:
        """Give each action a button beside Copy; nothing is offered while the code is written."""
        for title, icon, run in actions:
            button = self._ui.button(title, icon)
            button.setProperty("density", "small")
            button.hide()
            button.clicked.connect(
                lambda _checked=False, run=run: run(self._block.text, self._block.language)
            )
            self._header.insertWidget(self._header.count() - 1, button)
            self.buttons.append(button)

    def show_blocks(self, blocks: list[Block]) -> None:
        """Show one block of code; text that was there already stays untouched."""
        block = blocks[0]
        if block is self._block or block == self._block:
            return
        self._block = block
        name = block.language or self.tr("text")
        self._language.setText(name)
        self._code.setAccessibleName(self.tr("Code: {language}").format(language=name))
        self._column.setContentsMargins(1 + 22 * block.indent, 1, 1, 1 + _BELOW)
        for button in self.buttons:
            button.setVisible(block.closed)
        self._code.show_code(block.text, block.language, whole=block.closed)

    @property
    def text(self) -> str:
        """The code."""
        return self._block.text

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame in the colours of the theme."""
        left = 22 * self._block.indent
        box = QRectF(self.rect()).adjusted(left + 0.5, 0.5, -0.5, -0.5 - _BELOW)
        self._ui.paint_box(self, event.rect(), box, 8, "bg", "line")

    def _on_copy(self) -> None:
        self._ui.copy(self._block.text)
        self._copy.setIcon(self._ui.icon("check", "good"))
        QTimer.singleShot(_COPIED_MS, self, self._restore_copy)

    def _restore_copy(self) -> None:
        self._copy.setIcon(self._ui.icon("copy", "mute"))


class _Code(InertBrowser):
    """The code itself: as tall as its lines."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self.setLineWrapMode(self.LineWrapMode.NoWrap)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setViewportMargins(14, 0, 14, 0)
        mono = ui.mono()
        self.setFont(mono)
        self.document().setDefaultFont(mono)
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        lines = QTextBlockFormat()
        lines.setLineHeight(_LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        QTextCursor(self.document()).setBlockFormat(lines)
        self._colors = _Colors(self.document(), ui)
        self._lines: list[str] = [""]
        self._from = 0
        """The first line that is lexed again while the code grows."""
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.horizontalScrollBar().rangeChanged.connect(self._fit)

    def show_code(self, code: str, language: str, *, whole: bool) -> None:
        """Show ``code``; ``whole`` when it is complete, so that all of it is lexed at once."""
        old, lines = self._lines, code.split("\n")
        self._lines = lines
        if whole or len(lines) < self._from:
            self._from = 0
        start = self._from
        runs = self._colors.runs[:start] + highlight(lines[start:], language, _HOLD)
        changed = [
            n for n, run in enumerate(runs[: len(old)]) if self._colors.runs[n : n + 1] != [run]
        ]
        self._colors.runs = runs
        self._write(old, lines)
        for number in changed:
            self._colors.rehighlightBlock(self.document().findBlockByNumber(number))
        if len(lines) - self._from > 2 * _RELEX_LINES:
            self._from = _calm_line(lines, len(lines) - _RELEX_LINES)

    def _write(self, old: list[str], new: list[str]) -> None:
        before = "\n".join(old)
        after = "\n".join(new)
        cursor = QTextCursor(self.document())
        if after.startswith(before):
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(after[len(before) :])
        else:
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(after)
        self.rest_cursor()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll horizontally only; pass vertical scrolling to the parent."""
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if sideways or shifted:
            QTextBrowser.wheelEvent(self, event)
        else:
            event.ignore()

    def _fit(self) -> None:
        bar = self.horizontalScrollBar()
        below = bar.sizeHint().height() if bar.maximum() > 0 else 0
        height = ceil(self.document().size().height()) + max(below + 2, 10)
        if height != self.height():
            self.setFixedHeight(height)


class _Colors(QSyntaxHighlighter):
    """Lays the runs of each line over the document."""

    def __init__(self, document: QTextDocument, ui: Ui) -> None:
        super().__init__(document)
        self.runs: list[list[Run]] = [[]]
        self._ui = ui
        self._formats: dict[str, QTextCharFormat] = {}

    def highlightBlock(self, text: str) -> None:
        """Colour one line."""
        number = self.currentBlock().blockNumber()
        if number < len(self.runs):
            for start, length, color in self.runs[number]:
                self.setFormat(start, length, self._format(color))

    def _format(self, color: str) -> QTextCharFormat:
        if color not in self._formats:
            form = QTextCharFormat()
            form.setForeground(QColor(self._ui.tokens.colors[color]))
            form.setFontItalic(color == "syntax-comment")
            self._formats[color] = form
        return self._formats[color]


def _calm_line(lines: list[str], near: int) -> int:
    """Return a line at or before ``near`` where a lexer may start afresh: after an empty line."""
    for number in range(near, max(0, near - _RELEX_LINES), -1):
        if not lines[number - 1].strip():
            return number
    return near
