"""Paints a chart into any rectangle: of the window, of a picture, of an SVG file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from studio.desktop.plot.chart import Chart, Shape
from studio.desktop.plot.scale import written

HUES = ("accent", "kind-molecules", "kind-score", "kind-code", "kind-audio", "kind-image")
"""Colour tokens of the series, in order; then again."""
_HEAT = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
"""From the least to the greatest value: grows lighter all the way, also for the colour-blind."""
_GAP, _SWATCH, _BAR = 8.0, 14.0, 12.0
_MANY = 500
"""Lines through so many points are thin: thick ones are slow to paint, and hide what they show."""
_TICK_ROOM = 64.0
"""Pixels that one value of an axis wants for itself."""
_FEW_NAMES, _NAME_ROOM = 12, 32.0
"""So few names are all written, cut where they are longer, if each has room for some letters."""


@dataclass(frozen=True)
class Dress:
    """Theme access of the painter: colour by token, and two fonts."""

    color: Callable[[str], QColor]
    font: QFont
    strong: QFont


@dataclass(frozen=True)
class Frame:
    """Where things lie in a rectangle.

    Attributes:
        area: That of the values.
    """

    chart: Chart
    area: QRectF

    def point(self, x: float, y: float) -> QPointF:
        """Return where a pair of values lies."""
        return QPointF(
            self.area.left() + self.chart.x.place(x) * self.area.width(),
            self.area.bottom() - self.chart.y.place(y) * self.area.height(),
        )

    def points(self, pairs: Sequence[tuple[float, float]]) -> list[QPointF]:
        """Return where many pairs of values lie."""
        left, bottom = self.area.left(), self.area.bottom()
        wide, high = self.area.width(), self.area.height()
        xs = self.chart.x.places([x for x, _ in pairs])
        ys = self.chart.y.places([y for _, y in pairs])
        return [QPointF(left + x * wide, bottom - y * high) for x, y in zip(xs, ys, strict=True)]

    def box(self, left: float, right: float, bottom: float, top: float) -> QRectF:
        """Return where a box of values lies, cut off where the axes end."""
        box = QRectF(self.point(left, top), self.point(right, bottom)).normalized()
        return box.intersected(self.area)


def hue(series: int) -> str:
    """Return the colour token of a series."""
    return HUES[series % len(HUES)]


def heat_color(share: float) -> QColor:
    """Return the colour of a cell, for a share from 0 to 1."""
    at = max(0.0, min(share, 1.0)) * (len(_HEAT) - 1)
    low, high = QColor(_HEAT[int(at)]), QColor(_HEAT[min(int(at) + 1, len(_HEAT) - 1)])
    part = at - int(at)
    return QColor(
        round(low.red() + (high.red() - low.red()) * part),
        round(low.green() + (high.green() - low.green()) * part),
        round(low.blue() + (high.blue() - low.blue()) * part),
    )


class ChartPainter:
    """Draws one chart with one dress."""

    def __init__(self, chart: Chart, dress: Dress) -> None:
        self._chart, self._dress = chart, dress
        self._metrics = QFontMetricsF(dress.font)

    def frame(self, room: QRectF, title: str = "") -> Frame:
        """Return where things lie in ``room``."""
        line, chart = self._metrics.height(), self._chart
        top = room.top() + 6
        top += QFontMetricsF(self._dress.strong).height() + _GAP if title else 0
        top += sum(line + 4 for _ in self._legend(room.width())) + (_GAP if chart.named else 0)
        left = room.left() + (line + 6 if chart.plot.y.label else 0)
        bottom = room.bottom() - line - 6 - (line + 4 if chart.plot.x.label else 0)
        bottom -= line if chart.left_out else 0
        rows = max(2, int((bottom - top) / (2.2 * line)))
        widths = [self._metrics.horizontalAdvance(t) for _, t in chart.y.ticks(rows)]
        left += min(max(widths, default=0.0), room.width() * 0.3) + _GAP
        right = room.right() - 12 - (self._ramp_width() if chart.heat else 0)
        right -= self._overhang(right - left)
        return Frame(chart, QRectF(QPointF(left, top), QPointF(max(right, left + 10),
                                                              max(bottom, top + 10))))  # fmt: skip

    def paint(self, painter: QPainter, room: QRectF, title: str = "") -> Frame:
        """Draw all of it; return where things lie."""
        frame = self.frame(room, title)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if title:
            self._title(painter, room, title)
        self._axes(painter, room, frame)
        painter.save()
        painter.setClipRect(frame.area.adjusted(-1, -1, 1, 1))
        for at, shape in enumerate(self._chart.shapes):
            self._boxes(painter, frame, shape, at)
        for at, shape in enumerate(self._chart.shapes):
            self._lines(painter, frame, shape, at)
        painter.restore()
        self._draw_legend(painter, room, frame, title)
        if self._chart.heat:
            self._ramp(painter, frame, *self._chart.heat)
        return frame

    # --- around it ----------------------------------------------------------------------------

    def _title(self, painter: QPainter, room: QRectF, title: str) -> None:
        painter.setFont(self._dress.strong)
        painter.setPen(self._dress.color("text"))
        metrics = QFontMetricsF(self._dress.strong)
        text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QPointF(room.left(), room.top() + 4 + metrics.ascent()), text)

    def _axes(self, painter: QPainter, room: QRectF, frame: Frame) -> None:
        area, line, color = frame.area, self._metrics.height(), self._dress.color
        painter.setFont(self._dress.font)
        rows = max(2, int(area.height() / (2.2 * line)))
        for value, text in self._chart.y.ticks(rows):
            at = area.bottom() - self._chart.y.place(value) * area.height()
            self._rule(painter, QPointF(area.left(), at), QPointF(area.right(), at))
            painter.setPen(color("mute"))
            spot = QRectF(room.left(), at - line / 2, area.left() - room.left() - 6, line)
            shown = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, spot.width())
            painter.drawText(spot, Qt.AlignmentFlag.AlignRight | _MIDDLE, shown)
        for value, text in self._x_ticks(area.width()):
            at = area.left() + self._chart.x.place(value) * area.width()
            if not self._chart.x.categories:
                self._rule(painter, QPointF(at, area.top()), QPointF(at, area.bottom()))
            painter.setPen(color("mute"))
            width = self._tick_room(area.width())
            spot = QRectF(at - width / 2, area.bottom() + 4, width, line)
            shown = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            begins = at - self._metrics.horizontalAdvance(shown) / 2
            spot.translate(max(0.0, room.left() - begins), 0)  # the first name may be a long one
            painter.drawText(spot, Qt.AlignmentFlag.AlignHCenter, shown)
        painter.setPen(QPen(color("line-strong"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        self._labels(painter, room, area)

    def _labels(self, painter: QPainter, room: QRectF, area: QRectF) -> None:
        x, y, line = self._chart.plot.x.label, self._chart.plot.y.label, self._metrics.height()
        painter.setPen(self._dress.color("text"))
        if x:
            spot = QRectF(area.left(), area.bottom() + line + 8, area.width(), line)
            shown = self._metrics.elidedText(x, Qt.TextElideMode.ElideRight, spot.width())
            painter.drawText(spot, Qt.AlignmentFlag.AlignHCenter, shown)
        if y:
            painter.save()
            painter.translate(room.left(), area.bottom())
            painter.rotate(-90)
            shown = self._metrics.elidedText(y, Qt.TextElideMode.ElideRight, area.height())
            painter.drawText(
                QRectF(0, 0, area.height(), line), Qt.AlignmentFlag.AlignHCenter, shown
            )
            painter.restore()

    def _rule(self, painter: QPainter, start: QPointF, end: QPointF) -> None:
        painter.setPen(QPen(self._dress.color("line"), 1))
        painter.drawLine(start, end)

    def _x_ticks(self, width: float) -> list[tuple[float, str]]:
        if self._chart.x.categories:
            names = self._chart.x.categories
            if len(names) <= min(_FEW_NAMES, width / _NAME_ROOM):  # each has one, if a short one
                return self._chart.x.ticks(len(names))
            widest = max(map(self._metrics.horizontalAdvance, names), default=0)
            return self._chart.x.ticks(int(width / min(max(widest + _GAP, 24), 2 * _TICK_ROOM)))
        return self._chart.x.ticks(max(2, int(width / _TICK_ROOM)))

    def _overhang(self, width: float) -> float:
        """Return how far the last name below the axis goes beyond it, and its margin of 12."""
        names = self._chart.x.categories
        if not names or (last := self._chart.x.place(len(names) - 1)) > 1:
            return 0.0
        half = self._metrics.horizontalAdvance(names[-1]) / 2
        return max(0.0, min(half, self._tick_room(width) / 2) - 12 - (1 - last) * width)

    def _tick_room(self, width: float) -> float:
        ticks = self._x_ticks(width)
        places = [self._chart.x.place(value) * width for value, _ in ticks]
        apart = min((b - a for a, b in pairwise(places)), default=width)
        return max(apart, 24.0)

    # --- the values ---------------------------------------------------------------------------

    def _boxes(self, painter: QPainter, frame: Frame, shape: Shape, at: int) -> None:
        color = self._dress.color(hue(at))
        is_heat = any(share >= 0 for *_, share in shape.boxes)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not is_heat)
        for left, right, bottom, top, share in shape.boxes:
            box = frame.box(left, right, bottom, top)
            if share < 0:
                box.adjust(0.5, 0, -0.5, 0)
            painter.fillRect(box, heat_color(share) if share >= 0 else color)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _lines(self, painter: QPainter, frame: Frame, shape: Shape, at: int) -> None:
        color = self._dress.color(hue(at))
        for stroke in shape.strokes:
            points = _thinned(frame.points(stroke))
            painter.setPen(QPen(color, 2 if len(points) < _MANY else 1))
            painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        radius = 3.2 if len(shape.dots) < 400 else 1.6
        for point in frame.points(shape.dots):
            painter.drawEllipse(point, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    # --- the legend ---------------------------------------------------------------------------

    def _legend(self, width: float) -> list[list[tuple[int, str, float]]]:
        """Return the rows of the legend: (series, name, pixels from the left)."""
        rows: list[list[tuple[int, str, float]]] = []
        at = width + 1
        for series, name in self._chart.named:
            text = self._metrics.elidedText(name, Qt.TextElideMode.ElideRight, width / 2)
            needed = _SWATCH + self._metrics.horizontalAdvance(text) + 2 * _GAP
            if at + needed > width:
                rows.append([])
                at = 0.0
            rows[-1].append((series, text, at))
            at += needed
        return rows

    def _draw_legend(self, painter: QPainter, room: QRectF, frame: Frame, title: str) -> None:
        line = self._metrics.height()
        rows = self._legend(room.width())
        y = frame.area.top() - _GAP - len(rows) * (line + 4)
        painter.setFont(self._dress.font)
        for row in rows:
            for series, text, at in row:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._dress.color(hue(series)))
                swatch = QRectF(room.left() + at, y + line / 2 - 4, 9, 9)
                if self._chart.heat is None or not self._chart.shapes[series].boxes:
                    painter.drawRoundedRect(swatch, 3, 3)
                painter.setPen(self._dress.color("text"))
                painter.drawText(
                    QPointF(room.left() + at + _SWATCH, y + self._metrics.ascent()), text
                )
            y += line + 4
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _ramp_width(self) -> float:
        low, high = self._chart.heat or (0.0, 1.0)
        widest = max(map(self._metrics.horizontalAdvance, (_short(low), _short(high))))
        return 2 * _GAP + _BAR + widest

    def _ramp(self, painter: QPainter, frame: Frame, low: float, high: float) -> None:
        area, line = frame.area, self._metrics.height()
        left, steps = area.right() + _GAP, 64
        for step in range(steps):
            top = area.bottom() - area.height() * (step + 1) / steps
            painter.fillRect(QRectF(left, top, _BAR, area.height() / steps + 1),
                             heat_color(step / (steps - 1)))  # fmt: skip
        painter.setPen(self._dress.color("mute"))
        painter.drawText(
            QPointF(left + _BAR + 5, area.top() + self._metrics.ascent()), _short(high)
        )
        painter.drawText(QPointF(left + _BAR + 5, area.bottom() - line + self._metrics.ascent()),
                         _short(low))  # fmt: skip


def _short(value: float) -> str:
    return written(float(f"{value:.3g}"))


_MIDDLE = Qt.AlignmentFlag.AlignVCenter


def _thinned(points: Sequence[QPointF]) -> list[QPointF]:
    """Return points that look the same: of many in one column of pixels, the outermost."""
    if len(points) < 2000:
        return list(points)
    thinned: list[QPointF] = []
    column: list[QPointF] = []
    for point in points:
        if column and int(point.x()) != int(column[0].x()):
            thinned += _outermost(column)
            column = []
        column.append(point)
    return thinned + _outermost(column)


def _outermost(column: list[QPointF]) -> list[QPointF]:
    if len(column) <= 4:
        return column
    least, most = min(column, key=QPointF.y), max(column, key=QPointF.y)
    first, last = sorted((least, most), key=column.index)
    return [column[0], first, last, column[-1]]
