"""A piece of running text: paragraphs, headings, lists, quotes.

Draws blocks; parses and fetches nothing.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from studio.api.window.ui import Ui
from studio.desktop.prose.formula_text import FormulaText, char_format
from studio.desktop.prose.formulas import Formula, Formulas
from studio.desktop.prose.inert_browser import TEXT_PX
from studio.desktop.prose.markdown_blocks import Block, Span, same_style

_HEADING_PX = {1: 20, 2: 17, 3: 15}
_LINE_HEIGHT = 150.0  # per cent of the font's own
_LINE_DISTANCE = 8.0
"""What ``_LINE_HEIGHT`` adds between lines of plain text, in pixels."""
_INDENT = 22
_QUOTE_INDENT = 16
_QUOTE = QTextFormat.Property.UserProperty.value + 1
_RULE = QTextFormat.Property.UserProperty.value + 2


class TextView(FormulaText):
    """Blocks of text in one document; only what changed is written again."""

    def __init__(self, ui: Ui, formulas: Formulas, parent: QWidget | None = None) -> None:
        super().__init__(ui, formulas, parent)
        self.blocks: list[Block] = []
        self._starts: list[int] = []
        """Where each block begins in the document."""
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDefaultFont(self.text_font())
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def show_blocks(self, blocks: list[Block]) -> None:
        """Show ``blocks``; those that are the same as before stay untouched."""
        same = 0
        for old, new in zip(self.blocks, blocks, strict=False):
            if old is not new and old != new:
                break
            same += 1
        if same == len(blocks) == len(self.blocks):
            return
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if not (same == len(self.blocks) - 1 == len(blocks) - 1 and self._extend(cursor, blocks)):
            self._rewrite(cursor, blocks, same)
        cursor.endEditBlock()
        self.rest_cursor()
        self.blocks = list(blocks)

    def _extend(self, cursor: QTextCursor, blocks: list[Block]) -> bool:
        """Append to the last block if that is all that happened to it: by far the usual case."""
        old, new = self.blocks[-1], blocks[-1]
        if not old.spans or old.spans[:-1] != new.spans[: len(old.spans) - 1]:
            return False
        if (old.kind, old.marker, old.indent, old.quote, old.level) != (
            new.kind,
            new.marker,
            new.indent,
            new.quote,
            new.level,
        ):
            return False
        before, after = old.spans[-1], new.spans[len(old.spans) - 1]
        if not same_style(before, after) or not after.text.startswith(before.text):
            return False
        added = new.spans[len(old.spans) :]
        if any(span.formula for span in added):
            return False  # its lines are laid out differently
        cursor.movePosition(QTextCursor.MoveOperation.End)
        font = self._block_font(new)
        grown = replace(after, text=after.text[len(before.text) :])
        self.insert_spans(cursor, (grown, *added), font)
        return True

    def redraw(self, formulas: frozenset[Formula]) -> None:
        """Write again from the first block that holds one of ``formulas``."""
        sources = {formula.source for formula in formulas}
        for number, block in enumerate(self.blocks):
            if any(span.formula and span.text in sources for span in block.spans):
                cursor = QTextCursor(self.document())
                cursor.beginEditBlock()
                self._rewrite(cursor, self.blocks, number)
                cursor.endEditBlock()
                self.rest_cursor()
                return

    def _rewrite(self, cursor: QTextCursor, blocks: list[Block], same: int) -> None:
        if same < len(self._starts):
            cursor.setPosition(max(0, self._starts[same] - 1))
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        del self._starts[same:]
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for number in range(same, len(blocks)):
            self._write(cursor, blocks[number], blocks[number - 1] if number else None)

    def _write(self, cursor: QTextCursor, block: Block, above: Block | None) -> None:
        layout = self._block_format(block, above)
        if above is None:
            cursor.setBlockFormat(layout)
        else:
            cursor.insertBlock(layout, QTextCharFormat())
        self._starts.append(cursor.position())
        font = self._block_font(block)
        if block.marker:
            form = char_format(self.ui, Span(""), font)
            form.setForeground(QColor(self.ui.tokens.colors["mute"]))
            cursor.insertText(f"{block.marker}\t", form)
        self.insert_spans(cursor, block.spans, font)

    def _block_font(self, block: Block) -> QFont:
        if block.kind == "heading":
            return self.text_font(_HEADING_PX.get(block.level, TEXT_PX), bold=True)
        return self.text_font()

    def _block_format(self, block: Block, above: Block | None) -> QTextBlockFormat:
        layout = QTextBlockFormat()
        heights = QTextBlockFormat.LineHeightTypes
        if any(span.formula for span in block.spans):  # lines of which each has its own height
            layout.setLineHeight(_LINE_DISTANCE, heights.LineDistanceHeight.value)
        else:
            height = 130.0 if block.kind == "heading" else _LINE_HEIGHT
            layout.setLineHeight(height, heights.ProportionalHeight.value)
        if block.kind == "formula":
            layout.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        indent = block.indent * _INDENT + block.quote * _QUOTE_INDENT
        layout.setLeftMargin(indent)
        if block.marker:
            width = QFontMetrics(self.text_font()).horizontalAdvance(block.marker)
            hang = max(_INDENT - 4, width + 6)
            layout.setTextIndent(-hang)
            layout.setTabPositions([QTextOption.Tab(hang, QTextOption.TabType.LeftTab)])
        if above is not None:
            layout.setTopMargin(_gap(block, above))
        if block.quote:
            layout.setProperty(_QUOTE, block.quote)
        if block.kind == "rule":
            layout.setProperty(_RULE, True)
        return layout

    def _fit(self) -> None:
        height = ceil(self.document().size().height()) + 1
        if height != self.height():
            self.setFixedHeight(height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars of quotes and the rules, then the text."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = QColor(self.ui.tokens.colors["line-strong"])
        layout = self.document().documentLayout()
        block = self.cursorForPosition(QPoint(0, event.rect().top())).block()
        if block.previous().isValid():
            block = block.previous()
        while block.isValid():
            rect = layout.blockBoundingRect(block)
            if rect.top() > event.rect().bottom():
                break
            form = block.blockFormat()
            if form.hasProperty(_RULE):
                middle = rect.center().y()
                painter.fillRect(QRectF(0, round(middle), self.viewport().width(), 1), line)
            for depth in range(form.intProperty(_QUOTE)):
                above = block.previous()
                joined = above.blockFormat().intProperty(_QUOTE) > depth
                top = layout.blockBoundingRect(above).bottom() - 3 if joined else rect.top()
                _bar(painter, line, depth, top, rect.bottom())
            block = block.next()
        painter.end()
        super().paintEvent(event)


def _bar(painter: QPainter, color: QColor, depth: int, top: float, bottom: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(depth * _QUOTE_INDENT, top, 3, bottom - top), 1.5, 1.5)


def _gap(block: Block, above: Block) -> int:
    if block.kind == "heading":
        return 18
    if above.kind == "heading":
        return 6
    if block.marker and (above.marker or above.indent):
        return 4
    return 10
