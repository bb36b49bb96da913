"""The last hour drawn: tracks of stretches over a clock. Draws and points; knows no runtime."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.desktop.appearance.appearance import Appearance

GUTTER = 104
"""Pixels at the left for the names of the tracks."""
_ROW, _GAP, _BETWEEN = 12, 3, 10
_AXIS = 24
_LEAST = 2.0
"""Pixels of a bar at least: what was short must not be invisible."""
_TICKS = {120.0: 30, 300.0: 60, 600.0: 120, 900.0: 180, 1800.0: 300, 3600.0: 600}
"""Seconds that the whole width may stand for → seconds between two marks."""


@dataclass(frozen=True)
class Bar:
    """One stretch.

    Attributes:
        began, ended: Seconds since the epoch; equal for what happened in a moment.
        row: In its track, from 0.
        color: Token.
        hollow: Drawn as an outline: it did not compute.
        what: What it stands for; handed out when it is pointed at.
    """

    began: float
    ended: float
    row: int
    color: str
    what: object
    hollow: bool = False


class Timeline(QWidget):
    """Tracks below each other, the newest at the right; arrow keys and the mouse point at a bar.

    Signals:
        pointed: At a bar: what it stands for; at none: None.
    """

    pointed = Signal(object)

    def __init__(self, look: Appearance, name: str) -> None:
        super().__init__()
        self._look = look
        self._tracks: Mapping[str, Sequence[Bar]] = {}
        self._until = 0.0
        self._seconds = max(_TICKS)
        self._bars: list[Bar] = []
        self._current: Bar | None = None
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.theme.changed.connect(self.update)

    def show_tracks(self, tracks: Mapping[str, Sequence[Bar]], until: float) -> None:
        """Show ``tracks`` (title → bars) up to ``until``, in seconds since the epoch."""
        self._tracks, self._until = tracks, until
        self._bars = sorted((b for bars in tracks.values() for b in bars), key=lambda b: b.began)
        past = until - (self._bars[0].began if self._bars else until)
        # The width stands for the least that shows everything there is.
        self._seconds = next((s for s in _TICKS if past <= s), max(_TICKS))
        if self._current is not None:  # the same stretch may have grown
            self._point(next((b for b in self._bars if _is_same(b, self._current)), None))
        self.setAccessibleDescription(
            self.tr("{count} events since {time}").format(
                count=len(self._bars), time=_clock(self._since)
            )
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(GUTTER + 240, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(GUTTER + 120, self._height())

    # --- where things are -----------------------------------------------------------------------

    @property
    def _since(self) -> float:
        return self._until - self._seconds

    def _height(self) -> int:
        rows = sum(_track_height(bars) + _BETWEEN for bars in self._tracks.values())
        return max(40, rows) + _AXIS

    def _x(self, at: float) -> float:
        width = self.width() - GUTTER - 1
        return GUTTER + (at - self._since) / self._seconds * width

    def _tops(self) -> dict[str, int]:
        tops, y = {}, 0
        for title, bars in self._tracks.items():
            tops[title] = y
            y += _track_height(bars) + _BETWEEN
        return tops

    def _box(self, bar: Bar, top: int) -> QRectF:
        left, right = max(float(GUTTER), self._x(bar.began)), self._x(bar.ended)
        return QRectF(left, top + bar.row * (_ROW + _GAP), max(_LEAST, right - left), _ROW)

    # --- drawing --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._look.fonts.body(12))
        self._draw_axis(painter)
        for title, top in self._tops().items():
            self._draw_track(painter, title, top)

    def _draw_axis(self, painter: QPainter) -> None:
        color = self._look.theme.color
        bottom = self.height() - _AXIS
        step = _TICKS[self._seconds]
        tick = int(self._since // step + 1) * step
        painter.setFont(self._look.fonts.figures(11))
        while tick <= self._until:
            x = round(self._x(tick)) + 0.5
            painter.setPen(QPen(color("line"), 1))
            painter.drawLine(
                QRectF(x, 0, 0, bottom).topLeft(), QRectF(x, 0, 0, bottom).bottomLeft()
            )
            painter.setPen(color("mute"))
            box = QRectF(min(x - 30, self.width() - 45), bottom + 4, 60, _AXIS - 6)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _clock(tick, step < 60))
            tick += step
        painter.setFont(self._look.fonts.body(12))

    def _draw_track(self, painter: QPainter, title: str, top: int) -> None:
        color = self._look.theme.color
        bars = self._tracks[title]
        painter.setPen(color("mute"))
        name = QRectF(0, top, GUTTER - 10, _ROW + 2)
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawn: dict[int, float] = {}
        for bar in bars:
            box = self._box(bar, top)
            if box.right() < drawn.get(bar.row, 0.0) + 1 and bar is not self._current:
                continue  # thousands of short ones may lie on one pixel
            drawn[bar.row] = box.right()
            if bar.hollow and box.width() > 2 * _LEAST:
                painter.setPen(QPen(color(bar.color), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            elif box.width() < 2 * _LEAST:
                painter.fillRect(box, color(bar.color))
            else:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color(bar.color))
                painter.drawRoundedRect(box, 2, 2)
            if bar is self._current:
                painter.setPen(QPen(color("text"), 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), 3, 3)

    # --- pointing -------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: object) -> None:
        if not self.hasFocus():
            self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or not self._bars:
            super().keyPressEvent(event)
            return
        last = len(self._bars) - 1
        place = self._bars.index(self._current) + step if self._current in self._bars else last
        self._point(self._bars[min(max(place, 0), last)])

    def _at(self, x: float, y: float) -> Bar | None:
        near = 3.0
        for title, top in self._tops().items():
            for bar in reversed(self._tracks[title]):
                if self._box(bar, top).adjusted(-near, -1, near, 1).contains(x, y):
                    return bar
        return None

    def _point(self, bar: Bar | None) -> None:
        if bar is not self._current:
            self._current = bar
            self.pointed.emit(bar.what if bar else None)
            self.update()


def _track_height(bars: Sequence[Bar]) -> int:
    rows = max((bar.row for bar in bars), default=0) + 1
    return rows * (_ROW + _GAP) - _GAP


def _is_same(one: Bar, other: Bar) -> bool:
    return (one.began, one.row, one.color) == (other.began, other.row, other.color)


def _clock(at: float, seconds: bool = False) -> str:
    return time.strftime("%H:%M:%S" if seconds else "%H:%M", time.localtime(at))
