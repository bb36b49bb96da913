"""A shape in space to turn with the mouse or the arrow keys: shaded balls and sticks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRadialGradient,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]
UNTURNED: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_EYE = 6.0
"""Distance of the eye in radii of the molecule: near enough for depth, far enough to be true."""


@dataclass(frozen=True)
class Seen:
    """An atom in view: where (from the middle, in radii), its depth, how much larger it looks."""

    x: float
    y: float
    depth: float
    scale: float


def turned(matrix: Matrix, across: float, down: float) -> Matrix:
    """Return ``matrix`` after a turn to the right and downwards by angles in radians."""
    c, s = math.cos(across), math.sin(across)
    around_y: Matrix = ((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c))
    c, s = math.cos(down), math.sin(down)
    around_x: Matrix = ((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c))
    return product(around_x, product(around_y, matrix))


def product(left: Matrix, right: Matrix) -> Matrix:
    """Return ``left`` after ``right``."""
    rows = [
        tuple(sum(left[i][k] * right[k][j] for k in range(3)) for j in range(3)) for i in range(3)
    ]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]  # three each


def radius(places: Sequence[Sequence[float]]) -> float:
    """Return how far the outermost atom is from the middle; 1 for a single atom."""
    return max((math.sqrt(sum(axis * axis for axis in place)) for place in places), default=1) or 1


def project(places: Sequence[Sequence[float]], matrix: Matrix) -> list[Seen]:
    """Return how each atom is seen from the front; a larger ``depth`` is nearer."""
    reach = radius(places)
    seen = []
    for place in places:
        x, y, z = (sum(row[k] * place[k] for k in range(3)) / reach for row in matrix)
        scale = _EYE / (_EYE - z)
        seen.append(Seen(x * scale, -y * scale, z, scale))
    return seen


# Element → colour and radius in ångström. Colours after Corey, Pauling and Koltun.
_ELEMENTS = {
    "H": ("#eceef2", 0.25),
    "C": ("#7c859b", 0.40),
    "N": ("#4d6fe8", 0.39),
    "O": ("#e0413f", 0.38),
    "F": ("#6fcf6a", 0.36),
    "P": ("#f08c2e", 0.45),
    "S": ("#e8c63b", 0.46),
    "Cl": ("#3fbf52", 0.45),
    "Br": ("#a5482f", 0.48),
    "I": ("#8b4bb0", 0.52),
    "B": ("#f2b2a6", 0.40),
    "Si": ("#d8b48c", 0.46),
}
_OTHER = ("#c77dba", 0.44)
_STICK = 0.13
_PALE, _PALE_SIZE = 0.4, 0.45
_BONDED = 1.95
"""Å; nearer atoms around a molecule are bonded: what holds a protein has no hydrogens here."""
_POCKET = 2.5
"""Å beside a molecule that are in view at first where others are around it."""
_TURN = 0.01
_KEY_TURN = 0.15
_FIRST = turned(UNTURNED, 0.5, 0.35)


class ConformerView(QWidget):
    """Dragging turns, the wheel or + and − zoom, H hides hydrogens, a double click starts anew."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._symbols: Sequence[str] = ()
        self._places: Sequence[Sequence[float]] = ()
        self._bonds: Sequence[Sequence[float]] = ()
        self._own = 0
        """How many of the atoms are the molecule's; the others are around it."""
        self._words = ""
        self.matrix, self.zoom, self.hydrogens = _FIRST, 1.0, True
        self._at: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setMinimumSize(120, 120)
        self.setToolTip(tr("Drag to turn, wheel to zoom, H for hydrogens"))
        self.say("")

    def sizeHint(self) -> QSize:
        """Return the size that suits it."""
        return QSize(240, 220)

    def say(self, words: str) -> None:
        """Show words instead of a shape."""
        self._symbols, self._places, self._bonds = (), (), ()
        self._words = words
        self.setAccessibleName(words or tr("3-D structure"))
        self.update()

    def show_shape(self, shape: Mapping[str, Any]) -> None:
        """Show what ``molecules.shape`` returned; ``around`` it other atoms, small and pale."""
        self._words = ""
        around: Mapping[str, Any] = shape.get("around", {"symbols": (), "places": ()})
        self._own = len(shape["symbols"])
        self._symbols = [str(symbol) for symbol in (*shape["symbols"], *around["symbols"])]
        self._places = [
            [float(axis) for axis in place] for place in (*shape["places"], *around["places"])
        ]
        self._bonds = [*shape["bonds"], *_near_pairs(self._places, self._own)]
        self.matrix, self.zoom = _FIRST, 1.0
        words = tr("3-D structure with {count} atoms; turn it with the arrow keys")
        self.setAccessibleName(words.format(count=self._own))
        self.update()

    @property
    def atoms(self) -> int:
        """How many atoms of the molecule are in view."""
        return self._own if self._symbols else 0

    @property
    def around(self) -> int:
        """How many other atoms are in view around it."""
        return len(self._symbols) - self.atoms

    def turn(self, across: float, down: float) -> None:
        """Turn it by angles in radians."""
        self.matrix = turned(self.matrix, across, down)
        self.update()

    # --- hands --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        self._at = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn."""
        if self._at is not None:
            moved = event.position() - self._at
            self._at = event.position()
            self.turn(moved.x() * _TURN, moved.y() * _TURN)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._at = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Back to the first view."""
        self.matrix, self.zoom = _FIRST, 1.0
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self._zoom_by(1.0015 ** event.angleDelta().y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn, zoom, hide hydrogens, start anew."""
        keys = Qt.Key
        turns = {
            keys.Key_Left: (-_KEY_TURN, 0.0),
            keys.Key_Right: (_KEY_TURN, 0.0),
            keys.Key_Up: (0.0, -_KEY_TURN),
            keys.Key_Down: (0.0, _KEY_TURN),
        }
        key = Qt.Key(event.key())
        if key in turns:
            self.turn(*turns[key])
        elif key in (keys.Key_Plus, keys.Key_Equal):
            self._zoom_by(1.2)
        elif key == keys.Key_Minus:
            self._zoom_by(1 / 1.2)
        elif key == keys.Key_H:
            self.hydrogens = not self.hydrogens
            self.update()
        elif key == keys.Key_Home:
            self.matrix, self.zoom = _FIRST, 1.0
            self.update()
        else:
            super().keyPressEvent(event)

    def _zoom_by(self, factor: float) -> None:
        self.zoom = min(6.0, max(0.4, self.zoom * factor))
        self.update()

    # --- paint --------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the farthest atoms first."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self._ctx.ui.tokens.colors
        if not self._symbols:
            painter.setPen(QColor(colours["mute"]))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(12, 12, -12, -12), int(flags), self._words)
        else:
            self._draw(painter, QColor(colours["panel"]))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours["focus"]), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _draw(self, painter: QPainter, fog: QColor) -> None:
        seen = project(self._places, self.matrix)
        reach = radius(self._places[: self._own]) + (_POCKET if self.around else 0.6)
        unit = self.zoom * min(self.width(), self.height()) / 2 / reach * 0.92
        self._reach, self._unit = radius(self._places), unit
        hidden = {n for n, symbol in enumerate(self._symbols) if symbol == "H"}
        if self.hydrogens or len(hidden) == len(self._symbols):
            hidden = set()
        parts: list[tuple[float, int, int]] = [
            (seen[n].depth, n, -1) for n in range(len(seen)) if n not in hidden
        ]
        for start, end, _order in self._bonds:
            first, last = int(start), int(end)
            if not {first, last} & hidden:
                depth = min(seen[first].depth, seen[last].depth) + 1e-3
                parts.append((depth, first, last))
        for _, first, last in sorted(parts):
            pale = first >= self._own
            if last < 0:
                self._draw_ball(painter, seen[first], self._symbols[first], fog, pale)
            else:
                self._draw_stick(painter, seen[first], seen[last], fog, pale)

    def _point(self, seen: Seen) -> QPointF:
        scale = self._unit * self._reach
        return QPointF(self.width() / 2 + seen.x * scale, self.height() / 2 + seen.y * scale)

    def _draw_ball(
        self, painter: QPainter, seen: Seen, symbol: str, fog: QColor, pale: bool
    ) -> None:
        name, size = _ELEMENTS.get(symbol, _OTHER)
        size *= _PALE_SIZE if pale else 1.0
        colour = _mixed(QColor(name), fog, _haze(seen.depth) + (_PALE if pale else 0.0))
        middle, reach = self._point(seen), size * self._unit * seen.scale
        light = QRadialGradient(middle, reach, middle - QPointF(reach * 0.35, reach * 0.4))
        light.setColorAt(0.0, colour.lighter(150))
        light.setColorAt(0.45, colour)
        light.setColorAt(1.0, colour.darker(210))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(light)
        painter.drawEllipse(middle, reach, reach)

    def _draw_stick(
        self, painter: QPainter, first: Seen, last: Seen, fog: QColor, pale: bool
    ) -> None:
        depth = (first.depth + last.depth) / 2
        wide = _STICK * 2 * self._unit * (first.scale + last.scale) / 2
        wide *= _PALE_SIZE if pale else 1.0
        colour = _mixed(QColor("#8d96ab"), fog, _haze(depth) + (_PALE if pale else 0.0))
        line = self._point(first), self._point(last)
        cap = Qt.PenCapStyle.RoundCap
        for part, shade in ((1.0, colour.darker(165)), (0.62, colour), (0.22, colour.lighter(125))):
            painter.setPen(QPen(shade, max(1.0, wide * part), Qt.PenStyle.SolidLine, cap))
            painter.drawLine(*line)


def moved(shape: Mapping[str, Any], middle: Sequence[float]) -> dict[str, Any]:
    """Return the atoms of a shape in a frame whose origin is ``middle``, in ångström."""
    places = [
        [axis - origin for axis, origin in zip(place, middle, strict=True)]
        for place in shape["places"]
    ]
    return {"symbols": shape["symbols"], "places": places}


def _near_pairs(places: Sequence[Sequence[float]], first: int) -> list[tuple[int, int, int]]:
    """Return the bonds between the atoms from ``first`` on, as far as distances tell them."""
    return [
        (one, other, 1)
        for one in range(first, len(places))
        for other in range(one + 1, len(places))
        if math.dist(places[one], places[other]) < _BONDED
    ]


def _haze(depth: float) -> float:
    """Return how much of the ground a part takes on: nothing in front, two fifths at the back."""
    return 0.4 * (1 - depth) / 2


def _mixed(colour: QColor, ground: QColor, part: float) -> QColor:
    return QColor.fromRgbF(
        colour.redF() * (1 - part) + ground.redF() * part,
        colour.greenF() * (1 - part) + ground.greenF() * part,
        colour.blueF() * (1 - part) + ground.blueF() * part,
    )
