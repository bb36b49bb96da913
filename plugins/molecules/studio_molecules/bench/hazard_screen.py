"""The bench ``molecules-care``: how many ordinary medicines the screen marks.

The list is ``tests/bench/medicines.csv``: well-known medicines, flat and without salts, written
down by hand. Each has its molecular formula beside it; a test compares it with the structure.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from studio.api import BenchContext, ErrorCode, StudioError
from studio_molecules.chem import hazard_screen, parser

LIST: Final = Path("tests/bench/medicines.csv")


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
    """Return ``name``, ``formula`` and ``smiles`` of each, from the repository of this package.

    Raises:
        StudioError: it lies in none.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / LIST).is_file():
            with (folder / LIST).open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
    raise StudioError(
        ErrorCode.UNSUPPORTED,
        f"The list of drugs for this benchmark is missing: {LIST}.",
        "Run it from a source checkout.",
    )
