"""How a search goes: the best score, the mean of the best hundred, how many scaffolds they have."""

from __future__ import annotations

import json
from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api import PluginContext
from studio.api.window.figures import localised
from studio.api.window.language import tr

_MOST = 2000
_HIGH = 148
_LEFT, _RIGHT, _TOP, _BOTTOM = 26, 6, 22, 18


class ProgressChart(QWidget):
    """Lines over the molecules scored so far.

    Attributes:
        points: What was told, one mapping a generation.
        top: SMILES of the best so far, score, and how many were scored when it was found.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.points: list[Mapping[str, float]] = []
        self.top: list[tuple[str, float, int]] = []
        self._rest = ""
        self._before = 0.0
        """Molecules that the searches before this one have scored."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        end_theme = ctx.ui.on_theme(lambda _tokens: self.update())
        self.destroyed.connect(lambda: end_theme())
        self.begin(0)

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(220, _HIGH)

    def begin(self, given: int) -> None:
        """A search begins: anew, or on from ``given`` molecules of the last one."""
        self._rest, self._before, self.top = "", 0.0, []
        if given and self.points:
            self._before = max(0.0, self.points[-1]["scored"] - given)  # it scores those again
        else:
            self.points = []
        self._speak()

    def read(self, text: str) -> None:
        """Append points from the channel ``curve``: JSON objects, one a line."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            point = json.loads(line)
            top, before = point.pop("top", []), int(self._before)
            self.top = [(str(smiles), score, step + before) for smiles, score, step in top]
            self.points.append(self._placed(point))
        if len(self.points) > _MOST:
            self.points = self.points[::2]
        self._speak()

    def _placed(self, point: Mapping[str, float]) -> Mapping[str, float]:
        return {**point, "scored": point["scored"] + self._before}

    def _speak(self) -> None:
        self.setVisible(len(self.points) > 1)
        if self.points:
            words = tr("Best {best}, mean {mean}, {scaffolds} scaffolds")
            self.setAccessibleName(words.format(**self._last()))
        self.update()

    def _last(self) -> dict[str, str]:
        last = self.points[-1]
        return {
            "best": localised(f"{last['best']:.3f}"),
            "mean": localised(f"{last['mean']:.3f}"),
            "scaffolds": f"{last['scaffolds']:.0f}",
        }

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw axes, lines and legend."""
        if len(self.points) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        colours = self._ctx.ui.tokens.colors
        area = QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)
        self._draw_axes(painter, area)
        last, left = self._last(), float(_LEFT)
        lines = (
            ("best", "accent", tr("best")),
            ("mean", "good", tr("mean")),
            ("scaffolds", "warn", tr("scaffolds")),
        )
        for name, token, words in lines:
            colour = QColor(colours[token])
            painter.setPen(QPen(colour, 1.6))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(self._line(area, name))
            label = f"{words} {last[name]}"
            painter.drawText(QPointF(left, 13), label)
            left += painter.fontMetrics().horizontalAdvance(label) + 12
        painter.end()

    def _line(self, area: QRectF, name: str) -> QPolygonF:
        """Return a line; scores reach from 0 to 1, scaffolds from 0 to 100."""
        most = max(1.0, float(self.points[-1]["scored"]))
        top = 100.0 if name == "scaffolds" else 1.0
        return QPolygonF(
            [
                QPointF(
                    area.left() + point["scored"] / most * area.width(),
                    area.bottom() - min(1.0, point[name] / top) * area.height(),
                )
                for point in self.points
            ]
        )

    def _draw_axes(self, painter: QPainter, area: QRectF) -> None:
        colours = self._ctx.ui.tokens.colors
        for part in (0.0, 0.5, 1.0):
            y = area.bottom() - part * area.height()
            painter.setPen(QColor(colours["line"]))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours["mute"]))
            box = QRectF(0, y - 8, _LEFT - 6, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{part:g}")
        scored = tr("{count} scored").format(count=f"{self.points[-1]['scored']:,.0f}")
        below = QRectF(area.left(), area.bottom() + 3, area.width(), 15)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, scored)
