"""A drawn structure: atoms in the plane, bonds between them. Of chemistry it knows valences.

Values are immutable, so that an undo history is a list of them. Lengths are those of molfiles: a
bond is 1.5 long, y points up.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

BOND = 1.5
"""Length of a bond."""

SINGLE, DOUBLE, TRIPLE, AROMATIC, ANY = 1, 2, 3, 4, 8
"""Bond orders as molfiles number them; the last two are for patterns."""

FLAT, WEDGE, EITHER, HASH = 0, 1, 4, 6
"""How a single bond points, from its first atom, as molfiles number it."""

ANY_ATOM, HETERO, HALOGEN, LIST, ATTACHMENT = "A", "Q", "X", "L", "R#"
"""Symbols of molfiles that are no element; ``ATTACHMENT`` is where something else is attached."""
QUERIES = (ANY_ATOM, HETERO, HALOGEN, LIST)

_VALENCES: Mapping[str, tuple[int, ...]] = {
    "B": (3,),
    "C": (4,),
    "N": (3,),
    "O": (2,),
    "F": (1,),
    "Si": (4,),
    "P": (3, 5),
    "S": (2, 4, 6),
    "Cl": (1,),
    "Se": (2, 4, 6),
    "Br": (1,),
    "I": (1,),
}
_LOSE_WITH_CHARGE = ("B", "C", "Si")
"""A positive charge takes a bond from these; it gives one to the others."""


@dataclass(frozen=True)
class Atom:
    """One atom.

    Attributes:
        symbol: An element, or one of the symbols above.
        isotope: Mass number; 0 as it is found in nature.
        radical: As molfiles number it: 0 none, 1 singlet, 2 doublet, 3 triplet.
        label: Number of an attachment point; 0 without.
        choices: The elements of a ``LIST``.
        excluded: Whether a ``LIST`` says which elements it is not.
    """

    symbol: str
    x: float
    y: float
    charge: int = 0
    isotope: int = 0
    radical: int = 0
    label: int = 0
    choices: tuple[str, ...] = ()
    excluded: bool = False


@dataclass(frozen=True)
class Bond:
    """A bond between the atoms at two places."""

    begin: int
    end: int
    order: int = SINGLE
    stereo: int = FLAT

    def joins(self, first: int, second: int) -> bool:
        """Tell whether it is the bond between two atoms."""
        return {self.begin, self.end} == {first, second}

    def other(self, atom: int) -> int:
        """Return the atom at its other end."""
        return self.end if atom == self.begin else self.begin


@dataclass(frozen=True)
class Structure:
    """Atoms and bonds; every edit returns another one."""

    atoms: tuple[Atom, ...] = ()
    bonds: tuple[Bond, ...] = ()

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """For each atom, those that it is bonded to."""
        result: list[list[int]] = [[] for _ in self.atoms]
        for bond in self.bonds:
            result[bond.begin].append(bond.end)
            result[bond.end].append(bond.begin)
        return tuple(map(tuple, result))

    @property
    def is_query(self) -> bool:
        """Whether it says what no single molecule can be."""
        return any(atom.symbol in QUERIES for atom in self.atoms) or any(
            bond.order == ANY for bond in self.bonds
        )

    def bonds_of(self, atom: int) -> list[Bond]:
        """Return the bonds of an atom."""
        return [bond for bond in self.bonds if atom in (bond.begin, bond.end)]

    def hydrogens(self, place: int) -> int:
        """Return how many hydrogens an atom has that are not drawn; 0 where that is not known."""
        atom, bonds = self.atoms[place], self.bonds_of(place)
        if atom.symbol not in _VALENCES or any(bond.order in (AROMATIC, ANY) for bond in bonds):
            return 0
        signed = -abs(atom.charge) if atom.symbol in _LOSE_WITH_CHARGE else atom.charge
        used = sum(bond.order for bond in bonds) + (
            1 if atom.radical == 2 else 2 * bool(atom.radical)
        )
        room = (valence + signed - used for valence in _VALENCES[atom.symbol])
        return next((left for left in room if left >= 0), 0)

    # --- where there is room ------------------------------------------------------------------

    def direction(self, place: int) -> float:
        """Return the angle in radians at which a further bond of an atom has the most room.

        A chain goes on in a zigzag; behind a triple bond it goes straight on.
        """
        atom, bonds = self.atoms[place], self.bonds_of(place)
        angles = sorted(self.angle(place, bond.other(place)) for bond in bonds)
        if not angles:
            return math.radians(30)
        if len(angles) == 1:
            if bonds[0].order == TRIPLE:
                return angles[0] + math.pi
            turned = [angles[0] + math.radians(120), angles[0] - math.radians(120)]
            return max(turned, key=lambda angle: self._room(atom, angle, place))
        gaps = [
            ((following - angle) % math.tau or math.tau, angle)
            for angle, following in zip(angles, [*angles[1:], angles[0]], strict=True)
        ]
        widest, start = max(gaps)
        return start + widest / 2

    def angle(self, first: int, second: int) -> float:
        """Return the angle in radians at which one atom sees another."""
        one, other = self.atoms[first], self.atoms[second]
        return math.atan2(other.y - one.y, other.x - one.x)

    def _room(self, atom: Atom, angle: float, besides: int) -> float:
        x, y = atom.x + BOND * math.cos(angle), atom.y + BOND * math.sin(angle)
        away = [
            math.hypot(other.x - x, other.y - y)
            for place, other in enumerate(self.atoms)
            if place != besides
        ]
        return min(away, default=math.inf)

    # --- edits --------------------------------------------------------------------------------

    def with_atom(self, place: int, atom: Atom) -> Structure:
        """Put another atom in a place."""
        return replace(self, atoms=(*self.atoms[:place], atom, *self.atoms[place + 1 :]))

    def with_bond(self, bond: Bond) -> Structure:
        """Add a bond, or change the one that is there between its atoms."""
        if bond.begin == bond.end:
            return self
        others = [other for other in self.bonds if not other.joins(bond.begin, bond.end)]
        return replace(self, bonds=(*others, bond))

    def grown(self, place: int, atom: Atom, bond: Bond | None = None) -> Structure:
        """Add an atom that is bonded to the one in a place."""
        order, stereo = (bond.order, bond.stereo) if bond else (SINGLE, FLAT)
        added = Bond(place, len(self.atoms), order, stereo)
        return Structure((*self.atoms, atom), (*self.bonds, added))

    def without(self, atoms: Collection[int], bonds: Collection[Bond] = ()) -> Structure:
        """Take atoms and bonds away; a bond goes with its atom."""
        remaining = [place for place in range(len(self.atoms)) if place not in atoms]
        places = {old: new for new, old in enumerate(remaining)}
        left = [
            replace(bond, begin=places[bond.begin], end=places[bond.end])
            for bond in self.bonds
            if bond not in bonds and bond.begin in places and bond.end in places
        ]
        return Structure(tuple(self.atoms[place] for place in remaining), tuple(left))

    def only(self, atoms: Collection[int]) -> Structure:
        """Keep some of the atoms, and the bonds between them."""
        return self.without([place for place in range(len(self.atoms)) if place not in atoms])

    def moved(self, atoms: Collection[int], x: float, y: float) -> Structure:
        """Shift some of the atoms."""
        return replace(
            self,
            atoms=tuple(
                replace(atom, x=atom.x + x, y=atom.y + y) if place in atoms else atom
                for place, atom in enumerate(self.atoms)
            ),
        )

    def joined(self, other: Structure, fused: Mapping[int, int] | None = None) -> Structure:
        """Add another structure.

        Args:
            fused: Atoms of ``other`` → atoms of this one that stand for them. A bond that both have
                stays as it is here.
        """
        fused = fused or {}
        places, atoms = dict(fused), list(self.atoms)
        for place, atom in enumerate(other.atoms):
            if place not in places:
                places[place] = len(atoms)
                atoms.append(atom)
        joined = Structure(tuple(atoms), self.bonds)
        for bond in other.bonds:
            begin, end = places[bond.begin], places[bond.end]
            if not any(present.joins(begin, end) for present in self.bonds):
                joined = joined.with_bond(replace(bond, begin=begin, end=end))
        return joined

    def beside(self, other: Structure) -> Structure:
        """Add another structure where nothing is: at the right."""
        if not self.atoms or not other.atoms:
            return self.joined(other)
        right = max(atom.x for atom in self.atoms) + BOND
        shift = right - min(atom.x for atom in other.atoms)
        level = _middle(self.atoms) - _middle(other.atoms)
        return self.joined(other.moved(range(len(other.atoms)), shift, level))


def _middle(atoms: Iterable[Atom]) -> float:
    heights = [atom.y for atom in atoms]
    return (min(heights) + max(heights)) / 2
