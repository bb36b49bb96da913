"""Proteins that are docked into: prepared ones of a set, or a file of the user's. Data only."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from studio.api import BadInput

FORMAT = "docking-targets/1"
"""Key of the header: the boxes of all targets."""

MAX_ATOMS = 100_000
_LARGEST, _SMALLEST = 60.0, 5.0
"""Edges of a box in ångström."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Target:
    """A protein and where its pocket is.

    Attributes:
        name: What it is called.
        pdbqt: The rigid protein with partial charges and atom types.
        center, size: The box that is searched, in ångström.
    """

    name: str
    pdbqt: str
    center: Point
    size: Point


@dataclass(frozen=True)
class TargetSet:
    """Prepared targets by name."""

    targets: Mapping[str, Target]

    def to(self, _device: str, /) -> None:
        """Stay: it is text, and computes nothing."""

    def find(self, name: str) -> Target:
        """Return a target.

        Raises:
            BadInput: There is none of that name.
        """
        found = self.targets.get(name.strip().upper())
        if found is None:
            known = ", ".join(sorted(self.targets))
            raise BadInput(f"There is no target called “{name[:40]}”.", f"Choose one of: {known}.")
        return found


def own_target(name: str, text: str, center: str, size: str) -> Target:
    """Return a target of the user's: a protein as PDBQT, and its box in words.

    Args:
        center, size: Three numbers each, in ångström.

    Raises:
        BadInput: It is no rigid PDBQT, too large, or the box is not near it.
    """
    atoms = [line for line in text.splitlines() if line.startswith(("ATOM", "HETATM"))]
    if not atoms:
        raise BadInput(f"“{name}” holds no atoms.", "Choose a protein as PDBQT.")
    if len(atoms) > MAX_ATOMS:
        raise BadInput(
            f"“{name}” has {len(atoms):,} atoms; the limit is {MAX_ATOMS:,}.",
            "Keep the chains around the pocket.",
        )
    if not any(line[77:79].strip() in ("HD", "H", "HS") for line in atoms):
        raise BadInput(
            f"“{name}” has no hydrogens.",
            "Prepare the protein first: add hydrogens and write it as PDBQT, for example with "
            "mk_prepare_receptor.",
        )
    middle, edges = _point(center, "centre"), _point(size, "size")
    if not all(_SMALLEST <= edge <= _LARGEST for edge in edges):
        raise BadInput(f"Each edge of the box is from {_SMALLEST:g} to {_LARGEST:g} Å.")
    places = [place for line in atoms if (place := _place(line))]
    nearest = min((math.dist(place, middle) for place in places), default=math.inf)
    if nearest > max(edges):
        raise BadInput(
            f"The box is {nearest:.0f} Å away from the protein.",
            "Its centre is where the ligand of the crystal structure lies.",
        )
    return Target(name, text, middle, edges)


def _point(words: str, what: str) -> Point:
    numbers = [float(each) for each in _NUMBER.findall(words)]
    if len(numbers) != 3:
        raise BadInput(f"The {what} of the box is three numbers in Å.", "For example: 9.2 6.1 -7")
    return numbers[0], numbers[1], numbers[2]


def _place(line: str) -> Point | None:
    try:
        return float(line[30:38]), float(line[38:46]), float(line[46:54])
    except ValueError:
        return None
