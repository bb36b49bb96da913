"""Code to read and to copy: numbers, colours, marked lines. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QPlainTextEdit, QWidget
from shiboken6 import isValid

from studio.api import PluginContext
from studio.api.window.language import tr
from studio.api.window.ui import Ui
from studio_code.pages.editor.languages import language_named
from studio_code.pages.review.rows import Run

_PAD = 10
_COLORED_LINES = 5_000
"""Longer code stays without colours: laying them over it would hold up the window."""


class CodeText(QPlainTextEdit):
    """A piece of code.

    Attributes:
        marks: Line from 1 → token of the ground it stands on.
    """

    def __init__(self, ctx: PluginContext, name: str = "") -> None:
        super().__init__()
        self._ctx, self._turn = ctx, 0
        self.marks: Mapping[int, str] = {}
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(ctx.ui.mono())
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self.setAccessibleName(name or tr("Code"))
        self._colors = _Colors(self.document(), ctx.ui)
        self._numbers = _Numbers(self)
        self.updateRequest.connect(lambda rect, dy: self._numbers.follow(rect, dy))
        self.blockCountChanged.connect(lambda _count: self._fit())
        end_theme = ctx.ui.on_theme(lambda _tokens: self._colors.rehighlight())
        self.destroyed.connect(lambda: end_theme())
        self._fit()

    def show_code(self, code: str, language: str, marks: Mapping[int, str] | None = None) -> None:
        """Show code; its colours come a moment later."""
        self._turn += 1
        turn, self.marks = self._turn, marks or {}
        self._colors.runs = []
        self.setPlainText(code)
        lexer = language_named(language).lexer or language
        lines = code.split("\n")
        if lexer and len(lines) <= _COLORED_LINES:
            self._ctx.run_later(
                lambda: self._ctx.ui.highlight(lines, lexer),
                lambda runs: self._color(turn, runs),
            )

    def go_to(self, line: int) -> None:
        """Bring a line into the middle; lines count from 1."""
        cursor = QTextCursor(self.document().findBlockByNumber(max(0, line - 1)))
        self.setTextCursor(cursor)
        self.centerCursor()

    def _color(self, turn: int, runs: list[list[Run]]) -> None:
        if turn == self._turn and isValid(self._colors):  # the page may be closed by now
            self._colors.runs = runs
            self._colors.rehighlight()

    # --- numbers and marks --------------------------------------------------------------------

    def gutter(self) -> int:
        """Return how wide the numbers are."""
        digits = max(2, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("0") * digits + 2 * _PAD

    def _fit(self) -> None:
        self.setViewportMargins(self.gutter(), 0, 0, 0)
        self._place_numbers()

    def _place_numbers(self) -> None:
        inside = self.contentsRect()
        self._numbers.setGeometry(inside.left(), inside.top(), self.gutter(), inside.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the numbers beside the text."""
        super().resizeEvent(event)
        self._place_numbers()

    def lines_in_view(self) -> list[tuple[int, QRectF]]:
        """Return number (from 1) and place of the lines in view."""
        numbers = []
        block, offset = self.firstVisibleBlock(), self.contentOffset()
        while block.isValid():
            rect = self.blockBoundingGeometry(block).translated(offset)
            if rect.top() > self.viewport().height():
                break
            numbers.append((block.blockNumber() + 1, rect))
            block = block.next()
        return numbers

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the grounds of marked lines, then the text."""
        if self.marks:
            painter = QPainter(self.viewport())
            for line, rect in self.lines_in_view():
                if line in self.marks:
                    band = QRectF(0, rect.top(), self.viewport().width(), rect.height())
                    painter.fillRect(band, QColor(self._ctx.ui.tokens.colors[self.marks[line]]))
            painter.end()
        super().paintEvent(event)

    def paint_numbers(self, event: QPaintEvent) -> None:
        """Draw the numbers beside the text."""
        painter = QPainter(self._numbers)
        painter.setFont(self.font())
        colors = self._ctx.ui.tokens.colors
        for line, rect in self.lines_in_view():
            marked = self.marks.get(line)
            painter.setPen(QColor(colors[marked.removesuffix("-soft") if marked else "faint"]))
            box = QRectF(0, rect.top(), self._numbers.width() - _PAD, rect.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, str(line))


class _Numbers(QWidget):
    def __init__(self, text: CodeText) -> None:
        super().__init__(text)
        self._text = text

    def follow(self, rect: QRect, dy: int) -> None:
        if dy:
            self.scroll(0, dy)
        else:
            self.update(0, rect.y(), self.width(), rect.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        self._text.paint_numbers(event)


class _Colors(QSyntaxHighlighter):
    """Lays the runs of each line over the document."""

    def __init__(self, document: QTextDocument, ui: Ui) -> None:
        super().__init__(document)
        self.runs: list[list[Run]] = []
        self._ui = ui

    def highlightBlock(self, text: str) -> None:
        number = self.currentBlock().blockNumber()
        if number < len(self.runs):
            for start, length, color in self.runs[number]:
                form = QTextCharFormat()
                form.setForeground(QColor(self._ui.tokens.colors[color]))
                self.setFormat(start, length, form)
