"""Rows of the same molecule as one row: numbers averaged, texts side by side. Plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

import msgspec

from studio_molecules.molecule import Molecule

ROWS = "Rows (merged)"
"""The figure of how many rows one was made of."""
NAMES = "Other names"


def merged(molecules: Iterable[Molecule]) -> list[Molecule]:
    """Return one row for each molecule, in the order of the first ones.

    Numbers are averaged (arithmetic mean); different texts stand side by side.
    """
    groups: dict[str, list[Molecule]] = {}
    for molecule in molecules:
        groups.setdefault(molecule.smiles, []).append(molecule)
    return [_one(group) if len(group) > 1 else group[0] for group in groups.values()]


def _one(group: Sequence[Molecule]) -> Molecule:
    figures: dict[str, float] = {}
    for id in dict.fromkeys(id for each in group for id in each.figures if id != ROWS):
        figures[id] = fmean(each.figures[id] for each in group if id in each.figures)
    words = {}
    for title in dict.fromkeys(title for each in group for title in each.words):
        if title not in figures:
            words[title] = _together(each.words.get(title, "") for each in group)
    names = list(dict.fromkeys(each.name for each in group if each.name))
    if names[1:]:
        words[NAMES] = _together([words.get(NAMES, ""), *names[1:]])
    figures[ROWS] = sum(each.figures.get(ROWS, 1.0) for each in group)
    coordinates = next((each.coordinates for each in group if each.coordinates), "")
    return msgspec.structs.replace(
        group[0],
        name=names[0] if names else "",
        figures=figures,
        words=words,
        coordinates=coordinates,
    )


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))
