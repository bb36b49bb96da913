"""Text that is proposed at the cursor, in grey: shown over the editor, no part of its document."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTextCursor

from studio_code.pages.editor.code_edit import CodeEdit

_WORD: Final = re.compile(r"\s*(?:\w+|[^\w\s]+)|\s+")
_PAD: Final = 6


class Ghost:
    """Text proposed in one editor.

    Attributes:
        text: The remaining part; empty for nothing.
    """

    def __init__(self, edit: CodeEdit) -> None:
        self._edit = edit
        self.text = ""
        edit.painted = self.paint

    def show(self, text: str) -> None:
        """Propose another text."""
        if text != self.text:
            self.text = text
            self._edit.viewport().update()

    def typed(self, letters: str) -> bool:
        """Return whether the typed letters match the start of the text; consume them if so."""
        if not letters or not self.text.startswith(letters):
            return False
        self.show(self.text[len(letters) :])
        return bool(self.text)

    def accept(self, *, word: bool = False) -> None:
        """Write the text, or its next word, where the cursor is: one step of undo."""
        match = _WORD.match(self.text) if word else None
        taken = match[0] if match else self.text
        rest = self.text[len(taken) :]
        self.text = ""
        cursor = self._edit.textCursor()
        cursor.beginEditBlock()
        cursor.insertText(taken)
        cursor.endEditBlock()
        self._edit.setTextCursor(cursor)
        self._edit.ensureCursorVisible()
        self.show(rest)

    def paint(self, painter: QPainter) -> None:
        """Draw the proposal: the first line at the cursor, the others over the lines below."""
        if not self.text:
            return
        edit, colors = self._edit, self._edit.colors
        metrics = edit.fontMetrics()
        place = QRectF(edit.cursorRect())
        first, *others = self.text.expandtabs(4).split("\n")
        cursor = edit.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        rest = cursor.selectedText()
        painter.setFont(edit.font())
        base = place.top() + (place.height() - metrics.height()) / 2 + metrics.ascent()
        left = place.left() + edit.cursorWidth()
        if rest:  # what stands behind is moved aside, as it will be
            room = QRectF(left, place.top(), edit.viewport().width() - left, place.height())
            painter.fillRect(room, QColor(colors["raised"]))
            painter.setPen(QColor(colors["text"]))
            painter.drawText(QPointF(left + metrics.horizontalAdvance(first), base), rest)
        painter.setPen(QColor(colors["faint"]))
        painter.drawText(QPointF(left, base), first)
        if others:
            self._paint_below(painter, others, place)

    def _paint_below(self, painter: QPainter, lines: list[str], place: QRectF) -> None:
        edit, colors = self._edit, self._edit.colors
        metrics = edit.fontMetrics()
        margin = edit.document().documentMargin() - edit.horizontalScrollBar().value()
        wide = max(metrics.horizontalAdvance(line) for line in lines) + 2 * _PAD
        high = metrics.lineSpacing() * len(lines) + 2
        box = QRectF(margin - _PAD, place.bottom() + 1, wide, high)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colors["line"]), 1))
        painter.setBrush(QColor(colors["raised"]))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(QColor(colors["faint"]))
        for number, line in enumerate(lines):
            at = place.bottom() + 2 + number * metrics.lineSpacing() + metrics.ascent()
            painter.drawText(QPointF(margin, at), line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
