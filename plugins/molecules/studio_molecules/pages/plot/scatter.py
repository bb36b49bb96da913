"""Two figures against each other: points, the Pareto front, a lasso that selects."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Collection as Rows
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_molecules.pages.plot.dot_style import DotStyle
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import figure_of, shown
from studio_molecules.pages.table.model import column_title

Point = tuple[float, float]


def load() -> Any:
    """Return numpy; slow the first time."""
    return importlib.import_module("numpy")


def coverage(xs: Any, ys: Any, size: tuple[int, int], radius: float, opacity: float) -> Any:
    """Return how much of each pixel the dots hide.

    Args:
        xs, ys: Centres of the dots in pixels.
        size: Width and height in pixels.
        radius: Of a dot, in pixels.
        opacity: Of one dot, 0–1; dots above each other hide more.

    Returns:
        float32, (height, width), 0–1.
    """
    np = load()
    (width, height), reach = size, math.ceil(radius) + 1
    wide = width + 2 * reach
    across, down = np.rint(xs).astype(np.int64), np.rint(ys).astype(np.int64)
    inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    centres = (down[inside] + reach) * wide + across[inside] + reach
    counts = np.bincount(centres, minlength=wide * (height + 2 * reach))
    there = np.flatnonzero(counts)
    total = np.zeros(counts.size, np.float32)
    for shift, share in _disc(radius, reach, wide):
        # What light is left is a product over the dots: a sum of logarithms.
        total[there + shift] += counts[there] * math.log1p(-min(opacity * share, 0.999))
    hidden = 1 - np.exp(total.reshape(-1, wide)[reach:-reach, reach:-reach])
    return np.ascontiguousarray(hidden, np.float32)


def _disc(radius: float, reach: int, wide: int) -> list[tuple[int, float]]:
    """Return (step in a row of pixels, share of the pixel inside) of a disc around 0."""
    span = range(-reach, reach + 1)
    shares = ((dx, dy, min(1.0, radius + 0.5 - math.hypot(dx, dy))) for dy in span for dx in span)
    return [(dy * wide + dx, share) for dx, dy, share in shares if share > 0]


def tinted(hidden: Any, colour: tuple[int, int, int]) -> Any:
    """Return a picture in one colour: uint8 (height, width, 4), premultiplied, blue first."""
    np = load()
    blue_first = np.array([*reversed(colour), 255], np.float32)
    return np.rint(hidden[..., None] * blue_first).astype(np.uint8)


def within(outline: Sequence[Point], xs: Any, ys: Any) -> Any:
    """Return which points lie within a closed outline (crossings of a ray to the right)."""
    np = load()
    inside = np.zeros(len(xs), bool)
    for place, (x1, y1) in enumerate(outline):
        x2, y2 = outline[place - 1]
        if y1 != y2:
            crosses = (y1 > ys) != (y2 > ys)
            inside ^= crosses & (xs < (x2 - x1) * (ys - y1) / (y2 - y1) + x1)
    return inside


def ranking(xs: Sequence[float], ys: Sequence[float], more_x: bool, more_y: bool) -> list[int]:
    """Return the rows that have both values, the best x first, of equal ones the best y.

    Args:
        more_x, more_y: Whether more is better; else less is.
    """
    sign_x, sign_y = (-1 if more_x else 1), (-1 if more_y else 1)
    rows = [row for row in range(len(xs)) if not (math.isnan(xs[row]) or math.isnan(ys[row]))]
    rows.sort(key=lambda row: (sign_x * xs[row], sign_y * ys[row]))
    return rows


def front(ranked: Sequence[int], ys: Sequence[float], rows: Rows[int], more_y: bool) -> list[int]:
    """Return the rows of ``rows`` that no other of them beats in both objectives (Pareto).

    Args:
        ranked: As ``ranking`` returned them; a filter does not change it.
    """
    wanted, sign = frozenset(rows), 1 if more_y else -1
    best, result = -math.inf, []
    for row in ranked:
        if sign * ys[row] > best and row in wanted:
            best = sign * ys[row]
            result.append(row)
    return result


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from ``low`` to ``high``, at most about ``most`` of them."""
    width = high - low
    if not (width > 0 and math.isfinite(width)):
        return [low]
    rough = width / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in (1, 2, 2.5, 5, 10) if power * part >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


_LEFT, _BOTTOM, _EDGE = 64, 44, 14
_DOT = 5.0
_NEAR = 9.0
_CLICK = 5.0
_MANY, _PAUSE_MS = 3000, 60


class Scatter(QWidget):
    """Click chooses the nearest molecule, dragging draws a lasso (Shift adds, Ctrl takes away);
    arrow keys go along the points from left to right, Escape selects nothing.

    Attributes:
        figure_x, figure_y: What is across, and what is upwards.
        dots: Which figures colour and size say; after a change, ``refresh``.
        best: Rows of the Pareto front.

    Signals:
        opened: The user wants to look closely at what is chosen.
        looked: The rows were looked at again, ``best`` may be different.
    """

    opened = Signal()
    looked = Signal()

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        self.figure_x = self.figure_y = ""
        self.more_x = self.more_y = True
        self.dots = DotStyle()
        self.best: list[int] = []
        self._box = (0.0, 1.0, 0.0, 1.0)
        self._ground: QPixmap | None = None
        self._ranked: tuple[object, list[int]] = (None, [])
        self._columns: dict[str, Any] = {}
        self._np: Any = None
        self._soon = QTimer(self)  # the latest of many moves of a slider
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self._lasso: list[QPointF] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 160)
        self.setCursor(Qt.CursorShape.CrossCursor)
        ctx.run_later(load, self._on_loaded)
        collection.replaced.connect(self._columns.clear)
        collection.figured.connect(lambda _id: self._columns.clear())
        collection.arranged.connect(self._refresh_soon)
        collection.chose.connect(self._redraw)
        end_theme = ctx.ui.on_theme(lambda _tokens: self._redraw())
        self.destroyed.connect(lambda: end_theme())

    def sizeHint(self) -> QSize:
        """Return the size that suits it."""
        return QSize(480, 320)

    def _on_loaded(self, numpy: Any) -> None:
        self._np = numpy
        self._redraw()

    def set_axes(self, x: str, y: str) -> None:
        """Show two figures."""
        self.figure_x, self.figure_y = x, y
        self.refresh()

    def refresh(self) -> None:
        """Look at the rows again; out of view, once it is in view."""
        if not self.isVisible():
            return
        rows, figures = self._collection.rows, self._collection.rows.figures
        self.best = []
        if self.figure_x in figures and self.figure_y in figures:
            self._box = (*_roomy(rows.bounds(self.figure_x)), *_roomy(rows.bounds(self.figure_y)))
            ys = rows.values(self.figure_y)
            self.best = front(self._ranking(), ys, self._collection.shown, self.more_y)
        self._speak()
        self._redraw()
        self.looked.emit()

    def _ranking(self) -> list[int]:
        """Return the rows from the best on; sorted once for a table and its axes."""
        rows = self._collection.rows
        key = (rows, self.figure_x, self.figure_y, self.more_x, self.more_y)
        if self._ranked[0] != key:
            values = rows.values(self.figure_x), rows.values(self.figure_y)
            self._ranked = key, ranking(*values, self.more_x, self.more_y)
        return self._ranked[1]

    def _refresh_soon(self) -> None:
        if len(self._collection.rows) < _MANY:
            self.refresh()
        elif not self._soon.isActive():
            self._soon.start(_PAUSE_MS)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of view."""
        super().showEvent(event)
        self.refresh()

    def _redraw(self) -> None:
        self._ground = None
        self.update()

    def _speak(self) -> None:
        words = tr("Plot of {y} over {x}, {count} molecules, {best} of them on the front")
        self.setAccessibleName(
            words.format(
                x=figure_of(self.figure_x).title,
                y=figure_of(self.figure_y).title,
                count=f"{len(self._collection.shown):,}",
                best=len(self.best),
            )
        )

    # --- where things are ---------------------------------------------------------------------

    def _area(self) -> QRectF:
        return QRectF(
            _LEFT,
            _EDGE,
            max(1, self.width() - _LEFT - _EDGE),
            max(1, self.height() - _EDGE - _BOTTOM),
        )

    def point(self, row: int) -> QPointF:
        """Return where a row is drawn."""
        rows, area = self._collection.rows, self._area()
        x0, x1, y0, y1 = self._box
        across = (rows.values(self.figure_x)[row] - x0) / (x1 - x0)
        up = (rows.values(self.figure_y)[row] - y0) / (y1 - y0)
        return QPointF(area.left() + across * area.width(), area.bottom() - up * area.height())

    def _points(self) -> tuple[Any, Any, Any]:
        """Return rows, x and y, an array each, of every row in view that has both figures."""
        np = self._np
        if np is None or not self._has_axes():
            return (), (), ()
        area, (x0, x1, y0, y1) = self._area(), self._box
        rows = np.array(self._collection.shown, np.int64)
        wide, high = area.width() / (x1 - x0), area.height() / (y1 - y0)
        xs = area.left() + (self._column(self.figure_x)[rows] - x0) * wide
        ys = area.bottom() - (self._column(self.figure_y)[rows] - y0) * high
        valid = ~(np.isnan(xs) | np.isnan(ys))
        return rows[valid], xs[valid], ys[valid]

    def _column(self, figure: str) -> Any:
        if figure not in self._columns:
            self._columns[figure] = self._np.array(self._collection.rows.values(figure))
        return self._columns[figure]

    def _has_axes(self) -> bool:
        return {self.figure_x, self.figure_y} <= set(self._collection.rows.figures)

    def _nearest(self, at: QPointF) -> int:
        """Return the row under a point, -1 if there is none."""
        rows, xs, ys = self._points()
        if not len(rows):
            return -1
        away = (xs - at.x()) ** 2 + (ys - at.y()) ** 2
        nearest = int(away.argmin())
        return int(rows[nearest]) if away[nearest] < _NEAR**2 else -1

    # --- hands --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a lasso."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._lasso = [event.position()]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw the lasso on."""
        if self._lasso:
            self._lasso.append(event.position())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select the points in the lasso, or under the pointer."""
        lasso, self._lasso = self._lasso, []
        self.update()
        if not lasso:
            return
        moved = max(abs(p.x() - lasso[0].x()) + abs(p.y() - lasso[0].y()) for p in lasso)
        if moved < _CLICK:
            self._pick(self._nearest(event.position()), event.modifiers())
        else:
            outline = [(point.x(), point.y()) for point in lasso]
            self._choose(self._within(outline), event.modifiers())

    def _within(self, outline: Sequence[tuple[float, float]]) -> list[int]:
        rows, xs, ys = self._points()
        return [int(row) for row in rows[within(outline, xs, ys)]] if len(rows) else []

    def _pick(self, row: int, keys: Qt.KeyboardModifier) -> None:
        before = self._collection.chosen
        if row < 0:
            self._collection.choose(self._collection.current, ())
        elif keys & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier):
            self._collection.choose(row, before ^ {row})
        else:
            self._collection.choose(row)

    def _choose(self, rows: Sequence[int], keys: Qt.KeyboardModifier) -> None:
        before = self._collection.chosen
        if keys & Qt.KeyboardModifier.ShiftModifier:
            chosen = before | set(rows)
        elif keys & Qt.KeyboardModifier.ControlModifier:
            chosen = before - set(rows)
        else:
            chosen = frozenset(rows)
        current = self._collection.current
        next_row = current if current in chosen or not rows else rows[0]
        self._collection.choose(next_row, chosen)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Open the selection in detail."""
        self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go along the points."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key = Qt.Key(event.key())
        if key in steps:
            rows, xs, ys = self._points()
            if len(rows):
                order = rows[self._np.lexsort((ys, xs))].tolist()
                here = self._collection.current
                place = order.index(here) + steps[key] if here in order else 0
                self._collection.choose(order[min(max(place, 0), len(order) - 1)])
        elif key is Qt.Key.Key_Escape:
            self._collection.choose(self._collection.current, ())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Say which molecule lies under the pointer."""
        if isinstance(event, QHelpEvent):
            row = self._nearest(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self._told(row) if row >= 0 else "", self)
            return True
        return super().event(event)

    def _told(self, row: int) -> str:
        rows = self._collection.rows
        molecule = rows.molecules[row]
        figures = [
            f"{figure_of(id).title} {shown(id, rows.values(id)[row])}"
            for id in (self.figure_x, self.figure_y)
        ]
        more = self.dots.figure_lines(row, rows)
        return "\n".join([molecule.name or molecule.smiles, *figures, *more])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The ground is drawn for one size."""
        self._ground = None
        super().resizeEvent(event)

    # --- paint --------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the cached background, then the moving parts."""
        painter = QPainter(self)
        if self._ground is None:
            self._ground = self._drawn()
        painter.drawPixmap(0, 0, self._ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._ctx.ui.tokens.colors
        current = self._collection.current
        if self._has_axes() and current in self._collection.shown:
            painter.setPen(QPen(QColor(colours["text"]), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            place = self.point(current)
            if not (math.isnan(place.x()) or math.isnan(place.y())):
                painter.drawEllipse(place, 6, 6)
        if len(self._lasso) > 1:
            painter.setPen(QPen(QColor(colours["accent"]), 1.5))
            painter.setBrush(QColor(colours["accent-soft"]))
            painter.drawPolygon(QPolygonF(self._lasso))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours["focus"]), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        if self._has_axes():
            self._draw_axes(painter)
            self._draw_points(painter)
            self._draw_front(painter)
            colours = self._ctx.ui.tokens.colors
            inks = QColor(colours["text"]), QColor(colours["mute"])
            self.dots.draw_legend(painter, self._area(), self._collection.rows, *inks)
        painter.end()
        return pixmap

    def _draw_axes(self, painter: QPainter) -> None:
        colours, area = self._ctx.ui.tokens.colors, self._area()
        x0, x1, y0, y1 = self._box
        flags = Qt.AlignmentFlag
        for value in ticks(x0, x1, max(2, int(area.width() // 70))):
            x = area.left() + (value - x0) / (x1 - x0) * area.width()
            painter.setPen(QColor(colours["line"]))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(QColor(colours["mute"]))
            painter.drawText(
                QRectF(x - 40, area.bottom() + 4, 80, 16), flags.AlignHCenter, _said(value)
            )
        for value in ticks(y0, y1, max(2, int(area.height() // 34))):
            y = area.bottom() - (value - y0) / (y1 - y0) * area.height()
            painter.setPen(QColor(colours["line"]))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours["mute"]))
            box = QRectF(18, y - 9, _LEFT - 24, 18)
            painter.drawText(box, flags.AlignRight | flags.AlignVCenter, _said(value))
        painter.setPen(QColor(colours["text"]))
        below = QRectF(area.left(), area.bottom() + 22, area.width(), 18)
        painter.drawText(below, flags.AlignHCenter, column_title(self.figure_x))
        painter.save()
        painter.translate(14, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-150, -10, 300, 18), flags.AlignCenter, column_title(self.figure_y))
        painter.restore()

    def _draw_points(self, painter: QPainter) -> None:
        rows, xs, ys = self._points()
        if not len(rows):
            return
        colours = self._ctx.ui.tokens.colors
        chosen = self._np.isin(rows, list(self._collection.chosen))
        faint = 0.55 if len(rows) < _MANY else 0.3
        clouds = [(chosen, colours["accent"], _DOT + 2, 1.0)]
        if self.dots.is_on(self._collection.rows):
            groups = self.dots.groups(rows, self._collection.rows, _DOT)
            for here, colour, wide in groups:
                on = ~chosen & here
                pen = QPen(QColor(colour or colours["mute"]), wide)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawPoints([QPointF(x, y) for x, y in zip(xs[on], ys[on], strict=True)])
        else:
            clouds.insert(0, (~chosen, colours["mute"], _DOT, faint))
        for on, colour, wide, opacity in clouds:
            if on.any():
                image = self._cloud(xs[on], ys[on], QColor(colour), wide / 2, opacity)
                painter.drawImage(QPointF(0, 0), image)

    def _cloud(self, xs: Any, ys: Any, colour: QColor, radius: float, opacity: float) -> QImage:
        ratio = self.devicePixelRatioF()
        size = round(self.width() * ratio), round(self.height() * ratio)
        hidden = coverage(xs * ratio, ys * ratio, size, radius * ratio, opacity)
        pixels = tinted(hidden, (colour.red(), colour.green(), colour.blue())).tobytes()
        form = QImage.Format.Format_ARGB32_Premultiplied
        image = QImage(pixels, *size, form).copy()  # of its own: ``pixels`` ends here
        image.setDevicePixelRatio(ratio)
        return image

    def _draw_front(self, painter: QPainter) -> None:
        colour = QColor(self._ctx.ui.tokens.colors["warn"])
        places = [self.point(row) for row in self.best]
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(_stairs(places)))
        painter.setBrush(colour)
        for place in places:
            painter.drawEllipse(place, 3.5, 3.5)


def _stairs(places: Sequence[QPointF]) -> list[QPointF]:
    """Return the outline of the dominated area: it turns a corner between two Pareto points."""
    outline = list(places[:1])
    for before, after in itertools.pairwise(places):
        outline += [QPointF(after.x(), before.y()), after]
    return outline


def _roomy(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    room = (high - low) * 0.04 or 0.5
    return low - room, high + room


def _said(value: float) -> str:
    return f"{value:g}".replace("-", "−") if abs(value) > 1e-9 else "0"
