"""Proteins that are docked into, and the set of prepared ones. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from studio.api import BadInput

FORMAT = "docking-targets/1"
"""Key of the header: the boxes of all targets."""

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
        target = self.targets.get(name.strip().upper())
        if target is None:
            names = ", ".join(sorted(self.targets))
            raise BadInput(f"There is no target called “{name[:40]}”.", f"Choose one of: {names}.")
        return target
