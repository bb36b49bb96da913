"""Where a structure is drawn: mouse and keys, undo, zoom."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_molecules.pages.sketcher.painter import Marks, StructurePainter, View, fitting
from studio_molecules.pages.sketcher.tools import Charge, DrawAtom, DrawBond, Select, Tool
from studio_molecules.sketch.structure import Atom, Bond, Structure

_NEAR = 0.45
"""How near to an atom a click means it, in the unit of coordinates."""
_DRAG = 6
"""Pixels that are no click any more."""
_MARGIN = 24
_STEP, _LEAST, _MOST = 1.15, 6.0, 120.0
_UNDO = 500
_LETTERS: Mapping[str, str] = {
    "c": "C",
    "n": "N",
    "o": "O",
    "s": "S",
    "p": "P",
    "f": "F",
    "l": "Cl",
    "b": "Br",
    "i": "I",
    "h": "H",
}
"""Key → element, as other sketchers have it."""


class SketchCanvas(QWidget):
    """Holds one structure and lets it be edited.

    Attributes:
        structure: What is drawn.
        tool: What the mouse does.
        chosen: The atoms that are selected.

    Signals:
        edited: The user changed the structure.
        history_changed: There is more or less to undo.
    """

    edited = Signal()
    history_changed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.structure = Structure()
        self.tool: Tool = DrawBond()
        self.chosen: frozenset[int] = frozenset()
        self._past: list[Structure] = []
        self._future: list[Structure] = []
        self._wrong: tuple[int, ...] = ()
        self._view, self._fits = View(), True
        self._spot = QPointF(-1, -1)
        self._start: QPointF | None = None
        self._begin: int | None = None
        self._preview: Structure | None = None
        self._band: QRectF | None = None
        self._panned: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 240)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(tr("Structure"))

    def sizeHint(self) -> QSize:
        """Return the size that suits it."""
        return QSize(560, 400)

    # --- the structure ------------------------------------------------------------------------

    def show_structure(self, structure: Structure) -> None:
        """Show another structure, as a step that can be undone."""
        self._take(structure)
        self.fit()

    def edit(self, structure: Structure) -> None:
        """Take what an edit has made, and say so."""
        if structure != self.structure:
            self._take(structure)
            self.edited.emit()

    def _take(self, structure: Structure) -> None:
        if structure != self.structure:
            self._past = [*self._past, self.structure][-_UNDO:]
            self._future = []
        self._hold(structure)

    def _hold(self, structure: Structure) -> None:
        if len(structure.atoms) != len(self.structure.atoms):
            self.chosen = frozenset()
        self.structure, self._wrong, self._preview = structure, (), None
        self.history_changed.emit()
        self.update()

    def mark_wrong(self, atoms: tuple[int, ...]) -> None:
        """Mark the atoms that cannot be."""
        self._wrong = atoms
        self.update()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a step has been undone."""
        return bool(self._future)

    def undo(self) -> None:
        """Go back one step."""
        if self._past:
            self._future.append(self.structure)
            self._hold(self._past.pop())
            self.edited.emit()

    def redo(self) -> None:
        """Go forward again."""
        if self._future:
            self._past.append(self.structure)
            self._hold(self._future.pop())
            self.edited.emit()

    def set_tool(self, tool: Tool) -> None:
        """Take a tool."""
        self.tool = tool
        selects = isinstance(tool, Select)
        self.setCursor(Qt.CursorShape.ArrowCursor if selects else Qt.CursorShape.CrossCursor)
        if not selects:
            self.choose(())

    def choose(self, atoms: Iterable[int]) -> None:
        """Select atoms."""
        self.chosen = frozenset(atoms)
        self.update()

    # --- the view -----------------------------------------------------------------------------

    def fit(self) -> None:
        """Show all of it."""
        box = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        self._view, self._fits = fitting(self.structure, box), True
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep all of it in view."""
        super().resizeEvent(event)
        if self._fits:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse."""
        factor = _STEP ** (event.angleDelta().y() / 120)
        scale = max(_LEAST, min(_MOST, self._view.scale * factor))
        at = event.position()
        origin = at + (self._view.origin - at) * (scale / self._view.scale)
        self._view, self._fits = View(scale, origin), False
        self.update()
        event.accept()

    # --- what is where ------------------------------------------------------------------------

    def _atom_at(self, at: QPointF) -> int | None:
        x, y = self._view.drawn(at)
        away = [
            (math.hypot(atom.x - x, atom.y - y), place)
            for place, atom in enumerate(self.structure.atoms)
        ]
        nearest = min(away, default=(math.inf, -1))
        return nearest[1] if nearest[0] < _NEAR else None

    def _bond_at(self, at: QPointF) -> Bond | None:
        x, y = self._view.drawn(at)
        for bond in self.structure.bonds:
            begin, end = self.structure.atoms[bond.begin], self.structure.atoms[bond.end]
            along_x, along_y = end.x - begin.x, end.y - begin.y
            squared = along_x**2 + along_y**2 or 1.0
            share = ((x - begin.x) * along_x + (y - begin.y) * along_y) / squared
            away = math.hypot(x - begin.x - share * along_x, y - begin.y - share * along_y)
            if 0.15 < share < 0.85 and away < 0.3:
                return bond
        return None

    # --- mouse --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag; the middle button moves the view."""
        self._spot = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned = event.position()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._start, self._begin = event.position(), self._atom_at(event.position())
            if isinstance(self.tool, Select):
                self._press_selection(event.modifiers())
        self.update()

    def _press_selection(self, modifiers: Qt.KeyboardModifier) -> None:
        more = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if self._begin is not None:
            if more:
                self.choose(self.chosen ^ {self._begin})
            elif self._begin not in self.chosen:
                self.choose({self._begin})
        elif not more:
            self.choose(())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select all that an atom is connected to."""
        place = self._atom_at(event.position())
        if not isinstance(self.tool, Select) or place is None:
            self.mousePressEvent(event)
            return
        reached, ahead = {place}, [place]
        while ahead:
            following = set(self.structure.neighbours[ahead.pop()]) - reached
            reached |= following
            ahead += following
        self.choose(reached)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Preview the result of the drag."""
        moved, self._spot = event.position() - self._spot, event.position()
        if self._panned is not None:
            self._view = replace(self._view, origin=self._view.origin + moved)
            self._fits = False
        elif self._start is not None and self._dragged:
            self._drag(self._start, event.position())
        self.update()

    @property
    def _dragged(self) -> bool:
        start = self._start
        far = start is not None and (self._spot - start).manhattanLength() > _DRAG
        return far or self._preview is not None

    def _drag(self, start: QPointF, to: QPointF) -> None:
        first, last = self._view.drawn(start), self._view.drawn(to)
        if not isinstance(self.tool, Select):
            end = self._atom_at(to)
            self._preview = self.tool.on_drag(
                self.structure, self._begin, first, None if end == self._begin else end, last
            )
        elif self._begin is not None:
            shift = last[0] - first[0], last[1] - first[1]
            self._preview = self.structure.moved(self.chosen, *shift)
        else:
            self._band = QRectF(start, to).normalized()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Do it."""
        self._panned = None
        if event.button() != Qt.MouseButton.LeftButton or self._start is None:
            return
        start, self._start = self._start, None
        edited, self._preview = self._preview, None
        band, self._band = self._band, None
        if band is not None:
            inside = {
                place
                for place, atom in enumerate(self.structure.atoms)
                if band.contains(self._view.seen(atom.x, atom.y))
            }
            self.choose(self.chosen | inside)
        elif edited is not None:
            self.edit(edited)
        elif (event.position() - start).manhattanLength() <= _DRAG:
            self._click(event.position())
        self.update()

    def _click(self, at: QPointF) -> None:
        place, bond = self._atom_at(at), self._bond_at(at)
        if place is not None:
            self.edit(self.tool.on_atom(self.structure, place))
        elif bond is not None:
            self.edit(self.tool.on_bond(self.structure, bond))
        else:
            self.edit(self.tool.on_ground(self.structure, self._view.drawn(at)))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse."""
        super().leaveEvent(event)
        self._spot = QPointF(-1000, -1000)
        self.update()

    # --- keys ---------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit the atom or bond under the mouse, or the selection."""
        places = self._pointed()
        bond = None if places else self._bond_at(self._spot)
        key, sign = Qt.Key(event.key()), event.text().lower()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.edit(self.structure.without(places, [bond] if bond else []))
        elif sign in _LETTERS and places:
            self._each(places, DrawAtom(Atom(_LETTERS[sign], 0, 0)))
        elif sign in ("+", "-") and places:
            self._each(places, Charge(1 if sign == "+" else -1))
        elif sign in ("1", "2", "3") and bond is not None:
            self.edit(self.structure.with_bond(replace(bond, order=int(sign), stereo=0)))
        else:
            super().keyPressEvent(event)

    def _pointed(self) -> list[int]:
        under = self._atom_at(self._spot)
        return sorted(self.chosen) or ([under] if under is not None else [])

    def _each(self, places: list[int], tool: Tool) -> None:
        structure = self.structure
        for place in places:
            structure = tool.on_atom(structure, place)
        chosen = self.chosen
        self.edit(structure)
        self.choose(chosen)

    # --- paint --------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the ground, the structure, the band of a selection."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._ctx.ui.tokens
        painter.setPen(QPen(QColor(tokens.colors["focus" if self.hasFocus() else "line"]), 1))
        painter.setBrush(QColor(tokens.colors["field"]))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        shown = self._preview or self.structure
        if not shown.atoms:
            painter.setPen(QColor(tokens.colors["mute"]))
            words = tr("Click to draw a bond, choose a ring above, or paste SMILES or a molfile.")
            box = self.rect().adjusted(40, 40, -40, -40)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
        atom = self._atom_at(self._spot) if self._preview is None else None
        bond = self._bond_at(self._spot) if self._preview is None and atom is None else None
        marks = Marks(-1 if atom is None else atom, bond, self.chosen, self._wrong)
        painter.setClipRect(self.rect().adjusted(1, 1, -1, -1))
        StructurePainter(painter, self._view, tokens).paint(shown, marks)
        if self._band is not None:
            painter.setPen(QPen(QColor(tokens.colors["accent"]), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._band)
        painter.end()
