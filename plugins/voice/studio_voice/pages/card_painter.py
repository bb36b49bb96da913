"""How a transcript or a text that was read aloud looks in the strip: its title, its first words."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from studio.api import TaskResult, Ui
from studio_voice.transcripts.transcript import KIND

SIZE: Final = (152, 57)


class CardPainter:
    """Draws the cards of the strip."""

    def __init__(self, ui: Ui) -> None:
        self._ui = ui

    def paint(self, painter: QPainter, result: TaskResult, chosen: bool) -> None:
        """Draw a card into a rectangle of ``SIZE``."""
        colors = self._ui.tokens.colors
        wide, high = SIZE
        painter.setPen(QPen(QColor(colors["accent" if chosen else "line"]), 2 if chosen else 1))
        painter.setBrush(QColor(colors["bg"]))
        painter.drawRoundedRect(QRectF(1, 1, wide - 2, high - 2), 6, 6)
        icon = "file-text" if result.artifact.kind == KIND else "volume-2"
        self._ui.icon(icon, "mute").paint(painter, QRect(8, 7, 14, 14))
        right = wide - 8
        if result.star:
            self._ui.icon("star", "warn").paint(painter, QRect(right - 12, 8, 12, 12))
            right -= 16
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QColor(colors["text"]))
        title = painter.fontMetrics().elidedText(
            result.artifact.title, Qt.TextElideMode.ElideRight, right - 28
        )
        painter.drawText(QRectF(28, 5, right - 28, 18), Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(QColor(colors["mute"]))
        words = " ".join(result.artifact.text.split())[:200]
        for row in range(2):
            line = _line(words, painter, wide - 16, last=row == 1)
            painter.drawText(QRectF(8, 23 + 14 * row, wide - 16, 14), 0, line)
            words = words[len(line) :].lstrip()


def _line(words: str, painter: QPainter, room: int, *, last: bool) -> str:
    """Return as many of ``words`` as fit into ``room`` pixels."""
    metrics = painter.fontMetrics()
    if last or metrics.horizontalAdvance(words) <= room:
        return metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
    line = ""
    for word in words.split(" "):
        longer = f"{line} {word}".strip()
        if metrics.horizontalAdvance(longer) > room:
            break
        line = longer
    return line or metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
