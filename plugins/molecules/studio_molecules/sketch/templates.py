"""Rings and groups that are placed with one click, as drawn structures around the origin.

Atom 0 is the one that is put on what was clicked; of a ring, atoms 0 and 1 are its first bond.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from studio_molecules.sketch.structure import BOND, DOUBLE, SINGLE, Atom, Bond, Structure


def ring(
    size: int, doubles: tuple[int, ...] = (), hetero: Mapping[int, str] | None = None
) -> Structure:
    """Return a regular ring.

    Args:
        doubles: Which of its bonds are double; bond n joins atoms n and n + 1.
        hetero: Place → element, where it is not carbon.
    """
    hetero = hetero or {}
    radius = BOND / (2 * math.sin(math.pi / size))
    atoms = [
        Atom(
            hetero.get(place, "C"),
            radius * math.cos(math.pi / 2 - math.tau * (place - 0.5) / size),
            radius * math.sin(math.pi / 2 - math.tau * (place - 0.5) / size),
        )
        for place in range(size)
    ]
    bonds = [
        Bond(place, (place + 1) % size, DOUBLE if place in doubles else SINGLE)
        for place in range(size)
    ]
    return Structure(tuple(atoms), tuple(bonds))


def fuse(structure: Structure, begin: int, end: int, template: Structure) -> Structure:
    """Fuse the first bond of a ring to a bond: as many double bonds as fit, where there is room."""

    def rank(fused: tuple[Structure, Mapping[int, int]]) -> tuple[int, int, float]:
        placed, places = fused
        joined = structure.joined(placed, places)
        overfull = sum(
            max(0, sum(bond.order for bond in joined.bonds_of(place)) - 4)
            for place in places.values()
        )
        doubles = sum(bond.order == DOUBLE for bond in joined.bonds)
        return overfull, -doubles, _crowd(structure, placed)

    variants = [template, ring(6, (1, 3, 5))] if template == RINGS["Benzene"] else [template]
    ways = (
        (_onto(structure, ends, variant, mirrored), dict(enumerate(ends)))
        for variant in variants
        for ends in ((begin, end), (end, begin))
        for mirrored in (False, True)
    )
    return structure.joined(*min(ways, key=rank))


def attach(structure: Structure, place: int, template: Structure) -> Structure:
    """Put atom 0 of a template on an atom: a ring then shares it, a group grows from it."""
    atom, angle = structure.atoms[place], structure.direction(place)
    near = structure.neighbours[place]
    if len(near) == 1 and len(template.bonds) >= len(template.atoms):  # a ring goes straight on
        angle = structure.angle(near[0], place)
    middle = _centre(template)
    away = math.atan2(middle[1] - template.atoms[0].y, middle[0] - template.atoms[0].x)
    turned = _turned(template, angle - away)
    shift = atom.x - turned.atoms[0].x, atom.y - turned.atoms[0].y
    placed = turned.moved(range(len(turned.atoms)), *shift)
    return structure.joined(placed, {0: place})


def at(template: Structure, x: float, y: float) -> Structure:
    """Return a template with its middle at a point."""
    middle = _centre(template)
    return template.moved(range(len(template.atoms)), x - middle[0], y - middle[1])


def _onto(
    structure: Structure, ends: tuple[int, int], template: Structure, mirrored: bool
) -> Structure:
    """Return a template whose first bond lies on the bond between two atoms."""
    if mirrored:
        template = replace(
            template, atoms=tuple(replace(atom, y=-atom.y) for atom in template.atoms)
        )
    turned = _turned(template, structure.angle(*ends) - template.angle(0, 1))
    target = structure.atoms[ends[0]]
    shift = target.x - turned.atoms[0].x, target.y - turned.atoms[0].y
    return turned.moved(range(len(turned.atoms)), *shift)


def _crowd(structure: Structure, placed: Structure) -> float:
    """Return how near the further atoms of a template come to others."""
    near = (
        1 / max(0.01, math.hypot(atom.x - other.x, atom.y - other.y)) ** 2
        for atom in placed.atoms[2:]
        for other in structure.atoms
    )
    return round(sum(near), 6)


def _turned(structure: Structure, angle: float) -> Structure:
    cos, sin = math.cos(angle), math.sin(angle)
    return replace(
        structure,
        atoms=tuple(
            replace(atom, x=atom.x * cos - atom.y * sin, y=atom.x * sin + atom.y * cos)
            for atom in structure.atoms
        ),
    )


def _centre(structure: Structure) -> tuple[float, float]:
    count = len(structure.atoms)
    return (
        sum(atom.x for atom in structure.atoms) / count,
        sum(atom.y for atom in structure.atoms) / count,
    )


def _group(*branches: tuple[str, int, int], charge: int = 0) -> Structure:
    """Return a group: a stem of two atoms from the origin, and what its second atom bears.

    Args:
        branches: Element, order and charge of each; the first is the second atom itself.
    """
    (symbol, order, own), *others = branches
    stem = (Atom("C", 0, 0), Atom(symbol, BOND, 0, own))
    spread = {1: (60,), 2: (60, -60), 3: (90, 0, -90)}[len(others)] if others else ()
    atoms = [
        Atom(
            name,
            BOND + BOND * math.cos(math.radians(angle)),
            BOND * math.sin(math.radians(angle)),
            sign,
        )
        for (name, _, sign), angle in zip(others, spread, strict=True)
    ]
    bonds = [Bond(1, place, order_) for place, (_, order_, _) in enumerate(others, 2)]
    return Structure((*stem, *atoms), (Bond(0, 1, order), *bonds))


_SIX = (0, 2, 4)
RINGS: dict[str, Structure] = {
    "Benzene": ring(6, _SIX),
    "Cyclopropane": ring(3),
    "Cyclobutane": ring(4),
    "Cyclopentane": ring(5),
    "Cyclohexane": ring(6),
    "Cycloheptane": ring(7),
    "Pyridine": ring(6, _SIX, {3: "N"}),
    "Pyrimidine": ring(6, _SIX, {2: "N", 4: "N"}),
    "Pyrrole": ring(5, (0, 2), {4: "N"}),
    "Furan": ring(5, (0, 2), {4: "O"}),
    "Thiophene": ring(5, (0, 2), {4: "S"}),
    "Imidazole": ring(5, (0, 2), {2: "N", 4: "N"}),
    "Pyrazole": ring(5, (0, 2), {3: "N", 4: "N"}),
    "Piperidine": ring(6, (), {3: "N"}),
    "Piperazine": ring(6, (), {2: "N", 5: "N"}),
    "Morpholine": ring(6, (), {2: "N", 5: "O"}),
}
RINGS["Naphthalene"] = fuse(RINGS["Benzene"], 3, 4, RINGS["Benzene"])
RINGS["Indole"] = fuse(RINGS["Benzene"], 3, 4, ring(5, (3,), {2: "N"}))
GROUPS: Mapping[str, Structure] = {
    "Carboxylic acid": _group(("C", 1, 0), ("O", 2, 0), ("O", 1, 0)),
    "Amide": _group(("C", 1, 0), ("O", 2, 0), ("N", 1, 0)),
    "Nitro": _group(("N", 1, 1), ("O", 2, 0), ("O", 1, -1)),
    "Trifluoromethyl": _group(("C", 1, 0), ("F", 1, 0), ("F", 1, 0), ("F", 1, 0)),
    "tert-Butyl": _group(("C", 1, 0), ("C", 1, 0), ("C", 1, 0), ("C", 1, 0)),
    "Methoxy": _group(("O", 1, 0), ("C", 1, 0)),
    "Sulfonamide": _group(("S", 1, 0), ("O", 2, 0), ("N", 1, 0), ("O", 2, 0)),
}
