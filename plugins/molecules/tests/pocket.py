"""A pretended protein for docking, a bowl of atoms around the origin; and a pretended Vina."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from studio.api import SandboxRequest, SandboxResult, SandboxStep
from studio_molecules.docking.targets import Target, TargetSet

RADIUS = 6.0


def pdbqt() -> str:
    """Return the lower three quarters of a sphere of atoms, as PDBQT."""
    places = []
    for ring in range(9):
        polar = math.pi * (0.3 + 0.7 * ring / 8)
        around = max(1, round(14 * math.sin(polar)))
        for step in range(around):
            turn = math.tau * step / around
            places.append(
                (
                    RADIUS * math.sin(polar) * math.cos(turn),
                    RADIUS * math.sin(polar) * math.sin(turn),
                    RADIUS * math.cos(polar),
                )
            )
    lines = []
    for number, (x, y, z) in enumerate(places, 1):
        kind = "OA" if number % 5 == 0 else "C "
        lines.append(_line(number, kind[0], (x, y, z), kind))
    lines.append(_line(len(places) + 1, "H", (0, 0, -RADIUS + 1), "HD"))
    return "\n".join(lines) + "\n"


def _line(number: int, symbol: str, at: tuple[float, float, float], kind: str) -> str:
    x, y, z = at
    return (
        f"ATOM  {number:5d}  {symbol:<3} ALA A   1    {x:8.3f}{y:8.3f}{z:8.3f}"
        f"  1.00  0.00    {0:6.3f} {kind:<2}"
    )


def targets() -> TargetSet:
    """Return a set with this protein alone."""
    return TargetSet({"BOWL": Target("BOWL", pdbqt(), (0.0, 0.0, 0.0), (14.0, 14.0, 14.0))})


class QuickVina:
    """Answers at once that every ligand lies as it was handed in."""

    tier, reason = "A", ""

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        """Print what the program would, a line a ligand."""
        for name in json.loads(request.files["settings.json"])["ligands"]:
            shape = request.files[name].decode()
            pose = f"MODEL 1\nREMARK VINA RESULT:    -5.000      0.000      0.000\n{shape}ENDMDL\n"
            told = json.dumps({"ligand": name, "poses": pose})
            yield SandboxStep(stdout=told.encode() + b"\n")
        yield SandboxStep(result=SandboxResult("A", "exit", 0, b"", b"", 0.1))
