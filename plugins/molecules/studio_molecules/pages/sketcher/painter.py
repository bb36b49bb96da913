"""A drawn structure as it is painted: bonds, labels, marks. Knows no mouse."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QIcon, QPainter, QPen, QPixmap, QPolygonF

from studio.api import Tokens
from studio_molecules.sketch.structure import (
    ANY,
    ANY_ATOM,
    AROMATIC,
    ATTACHMENT,
    DOUBLE,
    EITHER,
    HALOGEN,
    HASH,
    HETERO,
    LIST,
    TRIPLE,
    WEDGE,
    Atom,
    Bond,
    Structure,
)

_COLOURS = {
    "N": ("#2f55d4", "#7d9bff"),
    "O": ("#c8251f", "#ff7a6e"),
    "S": ("#8a6d00", "#e2c23c"),
    "P": ("#b35a00", "#ffa654"),
    "F": ("#17803a", "#63cf7c"),
    "Cl": ("#17803a", "#63cf7c"),
    "Br": ("#8f3d1f", "#e08a66"),
    "I": ("#7033a6", "#c08be8"),
}
"""Element → its colour on light and on dark, each at 4.5 : 1; others have that of the text."""
_GAP, _TRIPLE_GAP = 0.17, 0.2
"""Between the lines of a bond, in the unit of coordinates."""
_LEAST_GAP = 2.8
"""The same in pixels, at least: nearer lines become one."""
_WEDGE = 0.16
_FONT = 0.58
_AFTER_HYDROGEN = ("O", "S", "Se", "F", "Cl", "Br", "I")
"""Alone they are written after it: H₂O, HBr."""
_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class View:
    """Where the drawing is seen: pixels a unit, and where its origin lies."""

    scale: float = 28.0
    origin: QPointF = field(default_factory=QPointF)

    def seen(self, x: float, y: float) -> QPointF:
        """Return where a point is on the screen."""
        return QPointF(self.origin.x() + x * self.scale, self.origin.y() - y * self.scale)

    def drawn(self, at: QPointF) -> tuple[float, float]:
        """Return the coordinates of a point of the screen."""
        return (at.x() - self.origin.x()) / self.scale, (self.origin.y() - at.y()) / self.scale


def fitting(structure: Structure, box: QRectF, most: float = 28.0, margin: float = 0.5) -> View:
    """Return the view that shows all of a structure in the middle of a box.

    Args:
        most: The largest scale, in pixels a unit.
        margin: What is left free around it, in units, for labels.
    """
    xs = [atom.x for atom in structure.atoms] or [0.0]
    ys = [atom.y for atom in structure.atoms] or [0.0]
    wide, high = max(xs) - min(xs) + 2 * margin, max(ys) - min(ys) + 2 * margin
    scale = min(most, box.width() / wide, box.height() / high)
    middle = QPointF((min(xs) + max(xs)) / 2 * scale, -(min(ys) + max(ys)) / 2 * scale)
    return View(scale, box.center() - middle)


@dataclass(frozen=True)
class Marks:
    """Marked atoms and bonds: under the mouse, selected, wrong."""

    atom: int = -1
    bond: Bond | None = None
    chosen: Collection[int] = ()
    wrong: Collection[int] = ()


class StructurePainter:
    """Paints one structure onto a painter."""

    def __init__(
        self, painter: QPainter, view: View, tokens: Tokens, *, least: int = 6, clear: bool = False
    ) -> None:
        """Paint at a view.

        Args:
            least: Pixels of a letter at least.
            clear: Whether it is an icon: no ground behind the letters, and no hydrogens.
        """
        self._painter, self._view, self._tokens = painter, view, tokens
        self._ground = QColor(tokens.colors["field"])
        self._clear = clear
        self._ink = QColor(tokens.colors["text"])
        self._thick = max(1.2, view.scale * 0.06)
        self._gap = max(_GAP, _LEAST_GAP / view.scale)
        font = QFont(painter.font())
        font.setPixelSize(max(least, round(view.scale * _FONT)))
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._metrics = QFontMetricsF(font)

    def paint(self, structure: Structure, marks: Marks | None = None) -> None:
        """Paint marks, then bonds, then the labels of atoms."""
        self._structure = structure
        self._paint_marks(marks or Marks())
        for bond in structure.bonds:
            self._paint_bond(bond)
        for place, atom in enumerate(structure.atoms):
            self._paint_atom(place, atom)

    # --- marks --------------------------------------------------------------------------------

    def _paint_marks(self, marks: Marks) -> None:
        colours, painter = self._tokens.colors, self._painter
        radius = self._view.scale * 0.42
        for places, colour in ((marks.chosen, "accent-soft"), (marks.wrong, "bad-soft")):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours[colour]))
            for place in places:
                if place < len(self._structure.atoms):
                    painter.drawEllipse(self._at(place), radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours["bad"]), 1.5))
        for place in marks.wrong:
            if place < len(self._structure.atoms):
                painter.drawEllipse(self._at(place), radius, radius)
        painter.setPen(QPen(QColor(colours["accent"]), 1.5))
        if marks.bond is not None:
            middle = (self._at(marks.bond.begin) + self._at(marks.bond.end)) / 2
            painter.drawEllipse(middle, radius * 0.8, radius * 0.8)
        elif marks.atom >= 0:
            painter.drawEllipse(self._at(marks.atom), radius, radius)

    def _at(self, place: int) -> QPointF:
        atom = self._structure.atoms[place]
        return self._view.seen(atom.x, atom.y)

    # --- bonds --------------------------------------------------------------------------------

    def _paint_bond(self, bond: Bond) -> None:
        painter, begin, end = self._painter, self._at(bond.begin), self._at(bond.end)
        along = end - begin
        length = math.hypot(along.x(), along.y()) or 1.0
        side = QPointF(-along.y(), along.x()) / length * self._view.scale
        pen = QPen(self._ink, self._thick)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(self._ink)
        if bond.stereo == WEDGE and bond.order == 1:
            wide = side * _WEDGE
            painter.drawPolygon(QPolygonF([begin, end + wide, end - wide]))
        elif bond.stereo in (HASH, EITHER) and bond.order == 1:
            self._paint_steps(begin, along, side * _WEDGE, wavy=bond.stereo == EITHER)
        elif bond.order in (DOUBLE, AROMATIC):
            self._paint_double(bond, begin, end, side)
        elif bond.order == TRIPLE:
            triple = max(_TRIPLE_GAP, self._gap)
            painter.drawLine(begin, end)
            self._paint_beside(begin, end, side * triple, 0.08)
            self._paint_beside(begin, end, -side * triple, 0.08)
        else:
            if bond.order == ANY:
                pen.setStyle(Qt.PenStyle.DashLine)
                painter.setPen(pen)
            painter.drawLine(begin, end)

    def _paint_steps(self, begin: QPointF, along: QPointF, wide: QPointF, wavy: bool) -> None:
        count = 8
        steps = [begin + along * (number / count) for number in range(1, count + 1)]
        if wavy:
            signs = [1 if number % 2 else -1 for number in range(count)]
            line = [begin, *(at + wide * sign for at, sign in zip(steps, signs, strict=True))]
            self._painter.drawPolyline(QPolygonF(line))
            return
        for number, at in enumerate(steps, 1):
            self._painter.drawLine(at + wide * (number / count), at - wide * (number / count))

    def _paint_double(self, bond: Bond, begin: QPointF, end: QPointF, side: QPointF) -> None:
        inner = self._inner_side(bond, side)
        dashed = QPen(self._painter.pen())
        dashed.setStyle(Qt.PenStyle.DashLine)
        if inner == 0:
            half = side * (self._gap / 2)
            self._painter.drawLine(begin + half, end + half)
            if bond.order == AROMATIC:
                self._painter.setPen(dashed)
            self._painter.drawLine(begin - half, end - half)
            return
        self._painter.drawLine(begin, end)
        if bond.order == AROMATIC:
            self._painter.setPen(dashed)
        self._paint_beside(begin, end, side * (self._gap * inner), 0.12)

    def _paint_beside(self, begin: QPointF, end: QPointF, shift: QPointF, short: float) -> None:
        along = (end - begin) * short
        self._painter.drawLine(begin + along + shift, end - along + shift)

    def _inner_side(self, bond: Bond, side: QPointF) -> int:
        """Return at which side the second line is: where the neighbours are; 0 for both."""
        near = [
            place
            for end in (bond.begin, bond.end)
            for place in self._structure.neighbours[end]
            if place not in (bond.begin, bond.end)
        ]
        lone = min(len(self._structure.neighbours[end]) for end in (bond.begin, bond.end)) == 1
        middle = (self._at(bond.begin) + self._at(bond.end)) / 2
        weight = sum(
            1 if QPointF.dotProduct(self._at(place) - middle, side) > 0 else -1 for place in near
        )
        if lone and abs(weight) != 1:
            return 0
        return 1 if weight > 0 else -1

    # --- atoms --------------------------------------------------------------------------------

    def _paint_atom(self, place: int, atom: Atom) -> None:
        hydrogens = 0 if self._clear else self._structure.hydrogens(place)
        lone = not self._structure.neighbours[place]
        if atom.symbol == "C" and not (atom.charge or atom.isotope or atom.radical or lone):
            return
        if atom.symbol == "C" and not lone:
            hydrogens = 0
        at, words = self._at(place), _label(atom)
        width = self._metrics.horizontalAdvance(words)
        core = QRectF(0, 0, width, self._metrics.capHeight() * 1.5)
        core.moveCenter(at)
        parts = [(core, words)]
        if hydrogens:
            count = str(hydrogens).translate(_SUBSCRIPTS) if hydrogens > 1 else ""
            around = QRectF(core)
            around.setWidth(self._metrics.horizontalAdvance(f"H{count}"))
            if self._has_room_right(place) and not (lone and atom.symbol in _AFTER_HYDROGEN):
                around.moveLeft(core.right())
            else:
                around.moveRight(core.left())
            parts.append((around, f"H{count}"))
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(self._ground)
        modes = QPainter.CompositionMode
        self._painter.setCompositionMode(
            modes.CompositionMode_Clear if self._clear else modes.CompositionMode_SourceOver
        )
        for box, _ in parts:
            grown = box.adjusted(-1, 0, 1, 0)
            self._painter.drawRoundedRect(grown, 3, 3)
        self._painter.setCompositionMode(modes.CompositionMode_SourceOver)
        self._painter.setPen(self._colour(atom))
        for box, text in parts:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
            self._painter.drawText(box, flags, text)

    def _has_room_right(self, place: int) -> bool:
        cosines = [
            math.cos(self._structure.angle(place, other))
            for other in self._structure.neighbours[place]
        ]
        return max(cosines, default=-1.0) < 0.2 or min(cosines) < -0.9

    def _colour(self, atom: Atom) -> QColor:
        if atom.symbol in _COLOURS:
            return QColor(_COLOURS[atom.symbol][self._tokens.dark])
        if atom.symbol in (ATTACHMENT, ANY_ATOM, HETERO, HALOGEN, LIST):
            return QColor(self._tokens.colors["accent"])
        return self._ink


def _label(atom: Atom) -> str:
    """Return the label of an atom, without its hydrogens."""
    words = atom.symbol
    if atom.symbol == ATTACHMENT:
        words = f"R{atom.label or 1}"
    elif atom.symbol == LIST:
        words = ("not " if atom.excluded else "") + ",".join(atom.choices)
    mass = str(atom.isotope).translate(_SUPERSCRIPTS) if atom.isotope else ""
    dots = {1: ":", 2: "•", 3: "••"}.get(atom.radical, "")
    return f"{mass}{words}{charge_sign(atom.charge)}{dots}"


def charge_sign(charge: int) -> str:
    """Return a charge as it is written at an atom: ⁺, ²⁻; nothing without one."""
    if not charge:
        return ""
    count = str(abs(charge)) if abs(charge) > 1 else ""
    return f"{count}{'+' if charge > 0 else '-'}".translate(_SUPERSCRIPTS)


def icon(structure: Structure, tokens: Tokens, size: int = 20) -> QIcon:
    """Return a drawing as an icon, sharp at twice the size, too."""
    result = QIcon()
    for ratio in (1, 2):
        pixmap = QPixmap(QSize(size, size) * ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        labelled = any(atom.symbol != "C" for atom in structure.atoms)
        margin = 0.45 if labelled else 0.15
        view = fitting(structure, QRectF(0, 0, size, size), most=float(size), margin=margin)
        StructurePainter(painter, view, tokens, least=9, clear=True).paint(structure)
        painter.end()
        result.addPixmap(pixmap)
    return result
