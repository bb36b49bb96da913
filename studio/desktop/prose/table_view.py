"""A table of a text. Wide ones scroll sideways by themselves; cells wrap before they are cut."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QResizeEvent,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from studio.api.window.ui import Ui
from studio.desktop.prose.formula_text import FormulaText
from studio.desktop.prose.formulas import Formula, Formulas
from studio.desktop.prose.markdown_blocks import Block, Span

_MIN_COLUMN = 84
_ALIGN = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}


class TableView(FormulaText):
    """One table."""

    def __init__(self, ui: Ui, formulas: Formulas, parent: QWidget | None = None) -> None:
        super().__init__(ui, formulas, parent)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._block = Block("table")
        self.document().setDefaultFont(self.text_font(13))
        self.horizontalScrollBar().rangeChanged.connect(lambda: self._fit())

    def show_blocks(self, blocks: list[Block]) -> None:
        """Show one table."""
        block = blocks[0]
        if block is self._block or block == self._block:
            return
        self._block = block
        self._draw()

    def redraw(self, formulas: frozenset[Formula]) -> None:
        """Write the table again."""
        self._draw()

    def _draw(self) -> None:
        block = self._block
        self.document().clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        columns = max((len(row) for row in block.rows), default=0)
        if columns:
            table = cursor.insertTable(len(block.rows), columns, self._format())
            for y, row in enumerate(block.rows):
                for x, cell in enumerate(row):
                    at = table.cellAt(y, x)
                    if y == 0:
                        form = at.format().toTableCellFormat()
                        form.setBackground(QColor(self.ui.tokens.colors["raised"]))
                        at.setFormat(form)
                    self._write(at.firstCursorPosition(), cell, x, head=y == 0)
        cursor.endEditBlock()
        self.rest_cursor()
        self._fit()

    def _write(
        self, cursor: QTextCursor, cell: tuple[Span, ...], column: int, *, head: bool
    ) -> None:
        aligns = self._block.aligns
        layout = cursor.blockFormat()
        layout.setAlignment(
            _ALIGN.get(aligns[column] if column < len(aligns) else "", Qt.AlignmentFlag.AlignLeft)
        )
        cursor.setBlockFormat(layout)
        font = self.text_font(13, bold=head)
        self.insert_spans(cursor, cell, font)

    def _format(self) -> QTextTableFormat:
        form = QTextTableFormat()
        form.setBorderCollapse(True)
        form.setBorder(1)
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        form.setBorderBrush(QBrush(QColor(self.ui.tokens.colors["line"])))
        form.setCellPadding(7)
        form.setCellSpacing(0)
        form.setMargin(0)
        form.setWidth(QTextLength(QTextLength.Type.VariableLength, 0))
        return form

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll horizontally only; pass vertical scrolling to the parent."""
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            QTextBrowser.wheelEvent(self, event)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap cells to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        document, room = self.document(), self.viewport().width()
        self.setLineWrapMode(self.LineWrapMode.NoWrap)
        document.setTextWidth(-1)
        columns = max((len(row) for row in self._block.rows), default=1)
        width = min(ceil(document.idealWidth()) + 2, max(room, columns * _MIN_COLUMN))
        self.setLineWrapMode(self.LineWrapMode.FixedPixelWidth)
        self.setLineWrapColumnOrWidth(width)
        below = self.horizontalScrollBar().sizeHint().height() if width > room else 0
        height = ceil(document.size().height()) + below + 7
        if height != self.height():
            self.setFixedHeight(height)
