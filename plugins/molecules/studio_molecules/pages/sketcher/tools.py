"""Tools of the sketcher: effect of clicks, drags and keys on a structure. Paints nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

from studio_molecules.sketch import templates
from studio_molecules.sketch.structure import (
    ATTACHMENT,
    BOND,
    DOUBLE,
    FLAT,
    SINGLE,
    TRIPLE,
    Atom,
    Bond,
    Structure,
)

_CYCLE = {SINGLE: DOUBLE, DOUBLE: TRIPLE, TRIPLE: SINGLE}
_SNAP = math.radians(30)
_MOST_CHARGE = 4

Place = int | None
Point = tuple[float, float]


class Tool(Protocol):
    """Edits a structure at a position; every method returns the new structure."""

    def on_atom(self, structure: Structure, place: int) -> Structure:
        """An atom was clicked."""
        ...

    def on_bond(self, structure: Structure, bond: Bond) -> Structure:
        """A bond was clicked."""
        ...

    def on_ground(self, structure: Structure, at: Point) -> Structure:
        """Empty ground was clicked."""
        ...

    def on_drag(
        self, structure: Structure, begin: Place, start: Point, end: Place, to: Point
    ) -> Structure:
        """It was dragged from an atom, or from empty ground, to another."""
        ...


class _Plain:
    """What most tools leave as it is."""

    def on_atom(self, structure: Structure, place: int) -> Structure:
        return structure

    def on_bond(self, structure: Structure, bond: Bond) -> Structure:
        return structure

    def on_ground(self, structure: Structure, at: Point) -> Structure:
        return structure

    def on_drag(
        self, structure: Structure, begin: Place, start: Point, end: Place, to: Point
    ) -> Structure:
        return structure


@dataclass(frozen=True)
class DrawBond(_Plain):
    """Bonds of one order and direction; a further click on a single bond raises its order."""

    order: int = SINGLE
    stereo: int = FLAT

    def on_atom(self, structure: Structure, place: int) -> Structure:
        """Grow a bond with a carbon at its end."""
        angle = structure.direction(place)
        return self._grown(structure, place, angle, Atom("C", 0, 0))

    def _grown(self, structure: Structure, place: int, angle: float, atom: Atom) -> Structure:
        start = structure.atoms[place]
        x, y = start.x + BOND * math.cos(angle), start.y + BOND * math.sin(angle)
        bond = Bond(place, place, self.order, self.stereo)
        return structure.grown(place, replace(atom, x=x, y=y), bond)

    def on_bond(self, structure: Structure, bond: Bond) -> Structure:
        """Make it such a bond; turn it round, or raise its order, where it is one already."""
        if self.stereo != FLAT and (bond.order, bond.stereo) == (self.order, self.stereo):
            return structure.with_bond(replace(bond, begin=bond.end, end=bond.begin))
        if (self.order, self.stereo) == (SINGLE, FLAT) and bond.stereo == FLAT:
            return structure.with_bond(replace(bond, order=_CYCLE.get(bond.order, SINGLE)))
        return structure.with_bond(replace(bond, order=self.order, stereo=self.stereo))

    def on_ground(self, structure: Structure, at: Point) -> Structure:
        """Draw a bond of its own."""
        lone = replace(structure, atoms=(*structure.atoms, Atom("C", *at)))
        return self.on_atom(lone, len(lone.atoms) - 1)

    def on_drag(
        self, structure: Structure, begin: Place, start: Point, end: Place, to: Point
    ) -> Structure:
        """Bond two atoms, or grow a bond where it was dragged to, in steps of 30°."""
        return self.drawn(structure, begin, start, end, to, Atom("C", 0, 0))

    def drawn(
        self, structure: Structure, begin: Place, start: Point, end: Place, to: Point, atom: Atom
    ) -> Structure:
        """As ``on_drag``, with ``atom`` at a new end."""
        if begin is None:
            structure = replace(structure, atoms=(*structure.atoms, Atom("C", *start)))
            begin = len(structure.atoms) - 1
        if end is not None:
            return structure.with_bond(Bond(begin, end, self.order, self.stereo))
        first = structure.atoms[begin]
        angle = math.atan2(to[1] - first.y, to[0] - first.x)
        return self._grown(structure, begin, round(angle / _SNAP) * _SNAP, atom)


@dataclass(frozen=True)
class DrawAtom(_Plain):
    """Atoms of one kind."""

    atom: Atom

    def on_atom(self, structure: Structure, place: int) -> Structure:
        """Make it such an atom."""
        old = structure.atoms[place]
        return structure.with_atom(place, self._new(structure, (old.x, old.y)))

    def on_ground(self, structure: Structure, at: Point) -> Structure:
        """Put one there."""
        return replace(structure, atoms=(*structure.atoms, self._new(structure, at)))

    def on_drag(
        self, structure: Structure, begin: Place, start: Point, end: Place, to: Point
    ) -> Structure:
        """Grow a bond with such an atom at its end."""
        atom = self._new(structure, to)
        return DrawBond().drawn(structure, begin, start, end, to, atom)

    def _new(self, structure: Structure, at: Point) -> Atom:
        label = 0
        if self.atom.symbol == ATTACHMENT:
            label = 1 + max((atom.label for atom in structure.atoms), default=0)
        return replace(self.atom, x=at[0], y=at[1], label=label)


@dataclass(frozen=True)
class Charge(_Plain):
    """Raises or lowers charges."""

    by: int

    def on_atom(self, structure: Structure, place: int) -> Structure:
        """Change the charge of an atom by one."""
        atom = structure.atoms[place]
        charge = max(-_MOST_CHARGE, min(_MOST_CHARGE, atom.charge + self.by))
        return structure.with_atom(place, replace(atom, charge=charge))


@dataclass(frozen=True)
class PlaceTemplate(_Plain):
    """Places a ring or a group."""

    template: Structure

    def on_atom(self, structure: Structure, place: int) -> Structure:
        """Attach it to an atom."""
        return templates.attach(structure, place, self.template)

    def on_bond(self, structure: Structure, bond: Bond) -> Structure:
        """Fuse a ring to a bond; a group has none."""
        if len(self.template.bonds) < len(self.template.atoms):
            return structure
        return templates.fuse(structure, bond.begin, bond.end, self.template)

    def on_ground(self, structure: Structure, at: Point) -> Structure:
        """Put it there."""
        return structure.joined(templates.at(self.template, *at))


class Erase(_Plain):
    """Remove the clicked atom or bond."""

    def on_atom(self, structure: Structure, place: int) -> Structure:
        """Take an atom away, and its bonds."""
        return structure.without([place])

    def on_bond(self, structure: Structure, bond: Bond) -> Structure:
        """Take a bond away."""
        return structure.without([], [bond])


class Select(_Plain):
    """Chooses atoms, and moves them; the canvas does that itself."""
