"""The bench ``molecules-care``: how many ordinary medicines the screen marks.

They are those of ``chem/common_molecules.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import BenchContext
from studio_molecules.chem import common_molecules, hazard_screen, parser


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the share that is marked, and which those are."""
    rows = medicines()
    marked = {}
    for row in rows:
        found = hazard_screen.notice(parser.parse(row["smiles"]).mol)
        if found:
            marked[row["name"]] = found.rule.title
    return {
        "ratio": round(len(marked) / len(rows), 4),
        "medicines": len(rows),
        "marked": marked,
        "care_version": hazard_screen.VERSION,
    }


def medicines() -> list[dict[str, str]]:
    """Return ``name``, ``formula`` and ``smiles`` of each."""
    return [row for row in common_molecules.molecules() if row["kind"] == "medicine"]
