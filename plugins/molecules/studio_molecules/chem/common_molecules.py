"""Names of common molecules: some 300 medicines and chemicals, so that a lead can be named.

``common_molecules.csv`` was written down by hand, flat and without salts. Each has its molecular
formula beside it; a test compares that with the structure.
"""

from __future__ import annotations

import csv
import difflib
import functools
from collections.abc import Mapping
from pathlib import Path

_LIST = Path(__file__).with_suffix(".csv")
_NEAR = 0.75


def molecules() -> list[dict[str, str]]:
    """Return ``name``, ``formula``, ``smiles`` and ``kind`` ("medicine" or "chemical") of each."""
    with _LIST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def _smiles() -> Mapping[str, str]:
    return {_plain(row["name"]): row["smiles"] for row in molecules()}


def smiles_of(name: str) -> str:
    """Return the SMILES of a name, ignoring case; "" for an unknown one."""
    return _smiles().get(_plain(name), "")


def alike(name: str) -> list[str]:
    """Return up to three names that are known and look like this one."""
    return difflib.get_close_matches(_plain(name), _smiles(), 3, _NEAR) if len(name) < 60 else []


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").split())
