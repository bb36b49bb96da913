"""Shows a plot with zoom and tooltips, operated by mouse or keyboard."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import hypot

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api.plot import Plot
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.plot.chart import Chart, Mark, chart_of
from studio.desktop.plot.painter import ChartPainter, Dress, Frame, hue
from studio.desktop.plot.zoom import Zoom

NEAR = 24.0
"""Pixels from which a point is meant."""
_STEP = 0.8
"""A notch of the wheel, or one press of +, leaves so much of what is shown."""
_NOTCH, _DRAGGED = 120, 8.0


@dataclass(frozen=True)
class _Hit:
    """Where a mark lies, and the box it stands for, if any."""

    x: float
    y: float
    mark: Mark
    box: QRectF | None


class PlotView(QWidget):
    """One chart, as large as its room.

    A drag enlarges a region, and so does the wheel, where the view has the focus or Ctrl is held:
    else it scrolls what the view lies in. + and − do the same; a double click or 0 shows all.

    Attributes:
        chart: All of it.
        zoom: Which part is shown.
        current: What is pointed at.
    """

    def __init__(self, look: Appearance, chart: Chart, name: str = "") -> None:
        super().__init__()
        self._look, self.chart = look, chart
        self._frame: Frame | None = None
        self._drawn: QPixmap | None = None
        self._found: list[_Hit] | None = None
        self.zoom = Zoom(chart)
        self._dragged: tuple[QPointF, QPointF] | None = None
        self.current: Mark | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name or chart.plot.title or self.tr("Plot"))
        self.reset = look.icon_button("minimize-2", self.tr("Show all of the plot"))
        self.reset.setParent(self)
        self.reset.hide()
        self.reset.clicked.connect(self.show_all)
        look.theme.changed.connect(self._forget)

    @property
    def widget(self) -> PlotView:
        """The widget to place on a page."""
        return self

    def set_plot(self, plot: Plot) -> None:
        """Show another plot."""
        self.chart, self.current, self._found = chart_of(plot), None, None
        self.zoom.take(self.chart)
        self._forget()

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 220)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._drawn is None or self._drawn.devicePixelRatio() != self.devicePixelRatioF():
            self._drawn = self._draw()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._drawn)
        if self.current is not None and self._frame is not None:
            self._show_current(painter, self._frame, self.current)
        if self._dragged is not None:
            color = QColor(self._look.theme.color("accent"))
            painter.setPen(QPen(color, 1))
            color.setAlphaF(0.15)
            painter.fillRect(self._region(), color)
            painter.drawRect(self._region())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._found = self._drawn = None
        self.reset.adjustSize()
        self.reset.move(self.width() - self.reset.width() - 2, 2)

    def _forget(self) -> None:
        self._drawn = None
        self.update()

    # --- zooming ------------------------------------------------------------------------------

    def show_all(self) -> None:
        """Show all of the chart again."""
        self.zoom.off()
        self._zoomed()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() / _NOTCH
        is_meant = self.hasFocus() or event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if self._frame is None or not turned or not is_meant:
            event.ignore()  # it scrolls what the view lies in
            return
        area, at = self._frame.area, event.position()
        x, y = (at.x() - area.left()) / area.width(), (area.bottom() - at.y()) / area.height()
        self.zoom.by(_STEP**turned, min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self._zoomed()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        inside = self._frame is not None and self._frame.area.contains(event.position())
        if inside and event.button() is Qt.MouseButton.LeftButton:
            self._dragged = (event.position(), event.position())
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        region, was_dragged = self._region(), self._dragged is not None
        self._dragged = None
        if was_dragged and self._frame is not None and not region.isEmpty():
            area = self._frame.area
            left, right = region.left() - area.left(), region.right() - area.left()
            low, high = area.bottom() - region.bottom(), area.bottom() - region.top()
            self.zoom.to(
                (left / area.width(), right / area.width()),
                (low / area.height(), high / area.height()),
            )
            self._zoomed()
        self.update()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.show_all()

    def _region(self) -> QRectF:
        """Return the dragged region; if thin, the axis across it stays unchanged."""
        if self._dragged is None or self._frame is None:
            return QRectF()
        area, region = self._frame.area, QRectF(*self._dragged).normalized()
        wide, high = region.width() >= _DRAGGED, region.height() >= _DRAGGED
        if not (wide or high):
            return QRectF()
        if not wide:
            region.setLeft(area.left())
            region.setRight(area.right())
        if not high:
            region.setTop(area.top())
            region.setBottom(area.bottom())
        return region.intersected(area)

    def _zoomed(self) -> None:
        self._found = None
        self.reset.setVisible(self.zoom.is_on)
        self._point(None)
        self._forget()

    # --- pointing -----------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            self._dragged = (self._dragged[0], event.position())
            self.update()
            return
        self._point(self.mark_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: object) -> None:
        if not self.hasFocus():
            self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._point(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key, 0)
        other = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(key, 0)
        if key in _ZOOM_KEYS:
            factor = _ZOOM_KEYS[key]
            self.zoom.by(factor, 0.5, 0.5) if factor else self.zoom.off()
            self._zoomed()
        elif (step or other) and self.chart.marks:
            mark = self._neighbour(step, other)
            if self.zoom.is_on:
                self.zoom.reveal(mark)
                self._zoomed()
            self._point(mark)
        else:
            super().keyPressEvent(event)

    def mark_at(self, x: float, y: float) -> Mark | None:
        """Return what lies at a point of the widget, or nearest to it; None for nothing near."""
        hits = self._hits()
        widest = max([NEAR, *(hit.box.width() for hit in hits if hit.box is not None)])
        first = bisect_left(hits, x - widest, key=lambda hit: hit.x)
        best, least = None, NEAR
        for hit in hits[first:]:
            if hit.x > x + widest:
                break
            inside = hit.box is not None and hit.box.contains(x, y)
            away = 0.0 if inside else hypot(hit.x - x, hit.y - y)
            if away < least or (inside and best is None):
                best, least = hit.mark, away
        return best

    def _hits(self) -> list[_Hit]:
        """Return where the marks lie in a widget of this size, from left to right."""
        frame = self._frame
        if frame is None:
            return []
        if self._found is None:
            rows = [iter(shape.boxes) for shape in self.chart.shapes]
            hits = []
            for mark in self.chart.marks:
                box = next(rows[mark.series], None)
                spot = frame.point(mark.x, mark.y)
                if not (box or frame.area.adjusted(-1, -1, 1, 1).contains(spot)):
                    continue
                hits.append(_Hit(spot.x(), spot.y(), mark, frame.box(*box[:4]) if box else None))
            self._found = sorted(hits, key=lambda hit: hit.x)
        return self._found

    def _neighbour(self, step: int, other: int) -> Mark:
        marks, current = self.chart.marks, self.current
        if current is None:
            return marks[0]
        if step:
            row = [mark for mark in marks if mark.series == current.series]
            return row[min(max(row.index(current) + step, 0), len(row) - 1)]
        series = sorted({mark.series for mark in marks})
        at = min(max(series.index(current.series) + other, 0), len(series) - 1)
        row = [mark for mark in marks if mark.series == series[at]]
        return min(row, key=lambda mark: abs(mark.x - current.x))

    def _point(self, mark: Mark | None) -> None:
        if mark is not self.current:
            self.current = mark
            self.setAccessibleDescription(self.chart.words(mark) if mark else "")
            self.update()

    # --- painting -----------------------------------------------------------------------------

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(self.size() * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        chart_painter = ChartPainter(self.zoom.chart, dress_of(self._look))
        self._frame = chart_painter.paint(painter, QRectF(self.rect()))
        if self.chart.left_out:
            self._say_left_out(painter)
        painter.end()
        return drawn

    def _say_left_out(self, painter: QPainter) -> None:
        font = self._look.fonts.body(11)
        painter.setFont(font)
        painter.setPen(self._look.theme.color("warn"))
        words = self.tr("Not shown, for they are not above 0: {count}")
        text = words.format(count=self.chart.left_out)
        painter.drawText(QPointF(0, self.height() - QFontMetricsF(font).descent()), text)

    def _show_current(self, painter: QPainter, frame: Frame, mark: Mark) -> None:
        color = self._look.theme.color
        spot = frame.point(mark.x, mark.y)
        painter.setPen(QPen(color("text"), 1.5))
        painter.setBrush(color(hue(mark.series)))
        painter.drawEllipse(spot, 4.5, 4.5)
        font = self._look.fonts.body(11.5)
        metrics, lines = QFontMetricsF(font), self.chart.words(mark).split("\n")
        most = self.width() * 0.7
        lines = [metrics.elidedText(line, Qt.TextElideMode.ElideRight, most) for line in lines]
        width = max(map(metrics.horizontalAdvance, lines)) + 20
        height = len(lines) * metrics.height() + 12
        left = spot.x() + 12 if spot.x() + 12 + width < self.width() else spot.x() - 12 - width
        left = max(2.0, min(left, self.width() - width - 2))
        top = max(2.0, min(spot.y() - height / 2, self.height() - height - 2))
        painter.setPen(QPen(color("line-strong"), 1))
        painter.setBrush(color("raised"))
        painter.drawRoundedRect(QRectF(left, top, width, height), 8, 8)
        painter.setFont(font)
        painter.setPen(color("text"))
        for number, text in enumerate(lines):
            base = top + 6 + metrics.ascent() + number * metrics.height()
            painter.drawText(QPointF(left + 10, base), text)


_ZOOM_KEYS = {
    Qt.Key.Key_Plus: _STEP,
    Qt.Key.Key_Equal: _STEP,
    Qt.Key.Key_Minus: 1 / _STEP,
    Qt.Key.Key_0: 0.0,
}


def dress_of(look: Appearance, scale: float = 1.0) -> Dress:
    """Return chart colours and fonts of the current theme; ``scale`` enlarges the text."""
    strong = look.fonts.body(14 * scale, 600)
    return Dress(look.theme.color, look.fonts.body(11.5 * scale), strong)
