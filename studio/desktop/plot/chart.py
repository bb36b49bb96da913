"""Layout of a plot before drawing: scales, boxes, strokes, and hoverable marks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from studio.api.plot import Axis, Bars, Heat, Histogram, Line, Plot, Points, Values
from studio.desktop.plot.scale import Scale, fitting, written

_GROUP = 0.8
"""The share of the room between two values of x that their bars take."""
_BINS = 60
"""With more than so many the eye sees no shape, unless they were asked for."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that can be pointed at.

    Attributes:
        series: The number of its series.
        label: What it is beside its place.
        is_placed: Whether its place is worth telling.
    """

    x: float
    y: float
    series: int
    label: str = ""
    is_placed: bool = True


@dataclass
class Shape:
    """One series as strokes, dots and boxes, in the numbers of the axes.

    Attributes:
        strokes: Lines through points.
        boxes: (left, right, bottom, top, share): ``share`` from 0 to 1 is the colour of a cell of
            a heat map; of bars it is -1.
    """

    name: str
    strokes: list[list[tuple[float, float]]] = field(default_factory=list)
    dots: list[tuple[float, float]] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Chart:
    """All there is to draw.

    Attributes:
        heat: The least and the greatest value of a heat map; None without one.
        left_out: How many values a logarithmic axis cannot show.
    """

    plot: Plot
    x: Scale
    y: Scale
    shapes: list[Shape]
    marks: list[Mark]
    heat: tuple[float, float] | None
    left_out: int

    @property
    def named(self) -> list[tuple[int, str]]:
        """The series of the legend, by number."""
        return [(at, shape.name) for at, shape in enumerate(self.shapes) if shape.name]

    def words(self, mark: Mark) -> str:
        """Return the tooltip of a mark, in lines."""
        lines = [self.shapes[mark.series].name, mark.label]
        if mark.is_placed:
            lines.append(f"{self.plot.x.label or 'x'}: {self.x.words(mark.x)}")
            lines.append(f"{self.plot.y.label or 'y'}: {self.y.words(mark.y)}")
        return "\n".join(filter(None, lines))


class _Making:
    def __init__(self, plot: Plot) -> None:
        self.plot, self.left_out = plot, 0
        self.xs: list[float] = []
        self.ys: list[float] = []
        self.shapes: list[Shape] = []
        self.marks: list[Mark] = []
        self.heat: tuple[float, float] | None = None
        self.bars = [series for series in plot.series if isinstance(series, Bars)]

    def chart(self) -> Chart:
        for series in self.plot.series:
            self.shapes.append(Shape(series.name))
            if isinstance(series, Heat):
                self._heat(series)
            elif isinstance(series, Histogram):
                self._histogram(series)
            elif isinstance(series, Bars):
                self._bars(series)
            else:
                self._points(series)
        boxed = any(shape.boxes for shape in self.shapes)
        x = _scale(self.plot.x, self.xs, room=0.0 if boxed else 0.03)
        y = _scale(self.plot.y, self.ys, room=0.0 if self.heat else 0.05)
        if boxed and not self.heat and not self.plot.y.log:
            y = _from_zero(y, self.plot.y, self.ys)
        return Chart(self.plot, x, y, self.shapes, self.marks, self.heat, self.left_out)

    # --- one series ---------------------------------------------------------------------------

    def _points(self, series: Line | Points) -> None:
        shape, run = self.shapes[-1], list[tuple[float, float]]()
        labels = series.labels if isinstance(series, Points) else []
        for at, pair in enumerate(_pairs(series.x, series.y)):
            point = self._shown(pair)
            if point is None:
                run = []
                continue
            if not run and isinstance(series, Line):
                shape.strokes.append(run)
            run.append(point)
            self._mark(*point, labels[at] if labels else "")
        if isinstance(series, Points):
            shape.dots = [(mark.x, mark.y) for mark in self.marks if mark.series == self._at]
        else:  # a point between two gaps
            shape.dots = [stroke[0] for stroke in shape.strokes if len(stroke) == 1]

    def _bars(self, series: Bars) -> None:
        place, count = self.bars.index(series), len(self.bars)
        pairs = [self._shown(pair) for pair in _pairs(series.x, series.y)]
        points = [pair for pair in pairs if pair is not None]
        gaps = sorted({x for x, _ in points})
        room = min((b - a for a, b in pairwise(gaps)), default=1.0)
        width = room * _GROUP / count
        for x, y in points:
            left = x - room * _GROUP / 2 + place * width
            self._box(left, left + width * 0.94, y)
            self._mark(left + width / 2, y)
        self.xs += [x + side * room / 2 for x in gaps[:1] + gaps[-1:] for side in (-1, 1)]

    def _histogram(self, series: Histogram) -> None:
        values = [v for v in series.values if v is not None and (v > 0 or not self.plot.x.log)]
        self.left_out += len([v for v in series.values if v is not None]) - len(values)
        if not values:
            return
        edges = _edges(values, series.bins, self.plot.x.log)
        counts = _counted(values, edges, self.plot.x.log)
        for (left, right), count in zip(pairwise(edges), counts, strict=True):
            self._box(left, right, float(count))
            middle = math.sqrt(left * right) if self.plot.x.log else (left + right) / 2
            text = f"{written(left)} – {written(right)}: {count}"
            self._mark(middle, float(count), text, is_placed=False)
        self.xs += [edges[0], edges[-1]]
        self.ys.append(float(max(counts)))

    def _heat(self, series: Heat) -> None:
        values = [v for row in series.values for v in row if v is not None]
        if not values:
            return
        low, high = min(values), max(values)
        self.heat = (low, high)
        for y, row in enumerate(series.values):
            for x, value in enumerate(row):
                if value is not None:
                    share = (value - low) / (high - low) if high > low else 0.5
                    self.shapes[-1].boxes.append((x - 0.5, x + 0.5, y - 0.5, y + 0.5, share))
                    self._mark(x, y, written(value))
        self.xs += [-0.5, max(map(len, series.values)) - 0.5]
        self.ys += [-0.5, len(series.values) - 0.5]

    # --- inside -------------------------------------------------------------------------------

    @property
    def _at(self) -> int:
        return len(self.shapes) - 1

    def _shown(self, pair: tuple[float | None, float | None]) -> tuple[float, float] | None:
        """Return a pair of numbers that the axes can show, and take note of it."""
        x, y = pair
        if x is None or y is None:
            return None
        if (self.plot.x.log and x <= 0) or (self.plot.y.log and y <= 0):
            self.left_out += 1
            return None
        self.xs.append(x)
        self.ys.append(y)
        return x, y

    def _box(self, left: float, right: float, top: float) -> None:
        self.shapes[-1].boxes.append((left, right, 0.0, top, -1.0))

    def _mark(self, x: float, y: float, label: str = "", *, is_placed: bool = True) -> None:
        self.marks.append(Mark(x, y, self._at, label, is_placed))


def chart_of(plot: Plot) -> Chart:
    """Return what ``plot`` comes to."""
    return _Making(plot).chart()


def _pairs(x: Values, y: Values) -> Iterator[tuple[float | None, float | None]]:
    yield from zip(x or [float(n) for n in range(len(y))], y, strict=True)


def _scale(axis: Axis, values: Sequence[float], room: float) -> Scale:
    return fitting(
        values, axis.minimum, axis.maximum, log=axis.log, categories=axis.categories, room=room
    )


def _from_zero(scale: Scale, axis: Axis, values: Sequence[float]) -> Scale:
    """Return the scale with 0 in it: bars tell by their length."""
    low = scale.low if axis.minimum is not None or min(values, default=0) < 0 else 0.0
    high = scale.high if axis.maximum is not None or max(values, default=0) > 0 else 0.0
    return Scale(low, high if high > low else low + 1, False, scale.categories)


def _edges(values: Sequence[float], bins: int, log: bool) -> list[float]:
    low, high = min(values), max(values)
    if not low < high:
        low, high = (low / 2, low * 2) if log else (low - 0.5, low + 0.5)
    count = bins or max(1, min(_BINS, round(math.sqrt(len(values)))))
    if log:
        ratio = (high / low) ** (1 / count)
        return [low * ratio**n for n in range(count)] + [high]
    return [low + (high - low) * n / count for n in range(count)] + [high]


def _counted(values: Sequence[float], edges: Sequence[float], log: bool) -> list[int]:
    whole = Scale(edges[0], edges[-1], log)
    last = len(edges) - 2
    counts = Counter(max(0, min(last, int(whole.place(v) * (last + 1)))) for v in values)
    return [counts[n] for n in range(last + 1)]
