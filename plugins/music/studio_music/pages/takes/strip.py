"""How a take looks in the strip below the music."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from studio.api import TaskResult, Ui
from studio.api.window.language import tr
from studio_music.pages.phrases import clock, key_name
from studio_music.pages.roll.colours import Colours
from studio_music.pages.takes.mini_roll import paint_mini_roll
from studio_music.pages.takes.takes import piece_of

SIZE = (132, 52)
_WIDE, _HIGH = SIZE
_MADE_BY = {
    "music.compose": "sparkles",
    "music.harmonise": "layers",
    "music.back": "drum",
    "music.develop": "wand-sparkles",
    "music.layers": "square-stack",
    "music.open": "folder-open",
}


class TakePainter:
    """Draws the notes of a take, its number and title, its star and what made it.

    Args:
        number: Returns that of a take.
    """

    def __init__(self, ui: Ui, number: Callable[[TaskResult], int]) -> None:
        self._ui, self._number = ui, number

    def paint(self, painter: QPainter, take: TaskResult, chosen: bool) -> None:
        """Draw a take into a rectangle of ``SIZE``."""
        shades, piece = Colours(self._ui.tokens), piece_of(take)
        painter.setPen(QPen(shades.accent, 2) if chosen else QPen(shades.line, 1))
        painter.setBrush(shades.paper)
        frame = QRectF(1, 1, _WIDE - 2, _HIGH - 2)
        painter.drawRoundedRect(frame, 6, 6)
        if piece is None:
            self._ui.icon("file-music", "faint").paint(painter, QRect(54, 6, 24, 24))
        else:
            paint_mini_roll(painter, frame.adjusted(8, 6, -8, -20), piece, shades)
        self._draw_foot(painter, take, shades)

    def _draw_foot(self, painter: QPainter, take: TaskResult, shades: Colours) -> None:
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(shades.mute)
        right = _WIDE - 8
        verdict = take.artifact.verdict
        if take.star:
            self._ui.icon("star", "warn").paint(painter, QRect(right - 12, 35, 12, 12))
            right -= 16
        elif verdict is not None and verdict.checks and not verdict.passed:
            self._ui.icon("triangle-alert", "warn").paint(painter, QRect(right - 12, 35, 12, 12))
            right -= 16
        icon = _MADE_BY.get(take.task, "pencil")
        self._ui.icon(icon, "mute").paint(painter, QRect(8, 35, 12, 12))
        room = QRectF(24, 33, right - 26, 16)
        if when := made_at(take):  # the titles of several from one request are the same
            painter.drawText(
                room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, when
            )
            room.setWidth(room.width() - painter.fontMetrics().horizontalAdvance(when) - 4)
        title = painter.fontMetrics().elidedText(
            named(take, self._number(take)), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, title)


def made_at(take: TaskResult, now: float | None = None) -> str:
    """Return when a take was made: the time today, the day of others; empty if nobody knows."""
    created = take.artifact.created
    if not created:
        return ""
    then, today = time.localtime(created), time.localtime(now)
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%m-%d", then)


def named(take: TaskResult, number: int) -> str:
    """Return number and title of a take."""
    title = take.artifact.title or tr("Untitled")
    return tr("{n}. {title}").format(n=number, title=title)


def describe(take: TaskResult, number: int) -> str:
    """Describe a take in a line."""
    parts = [named(take, number)]
    piece = piece_of(take)
    if piece is None:
        parts.append(tr("it cannot be read"))
    else:
        bars = len(piece.bar_starts())
        parts += [key_name(piece.key), str(piece.metre), tr("{n} bars").format(n=bars)]
        parts.append(clock(piece.seconds(piece.length)))
    if take.artifact.created:
        parts.append(time.strftime("%Y-%m-%d %H:%M", time.localtime(take.artifact.created)))
    if take.star:
        parts.append(tr("starred"))
    return " · ".join(parts)
