"""The molecules in view as columns: figures by name, sorted, as words. No Qt, no chemistry."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence

from studio.api.window.figures import localised
from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.molecule import Molecule
from studio_molecules.objectives import OWN
from studio_molecules.properties import FIGURES, Property

NAME, OPERATION, SMILES = "name", "operation", "smiles"
TEXTS = (NAME, OPERATION, SMILES)
"""Columns of words that every table may have."""

_JUDGED = "domain"
"""The figure that every molecule has of which networks guessed."""
_FIRST = ("score", "docking", "similarity")
"""What was asked for is read about first."""


def figure_of(id: str) -> Property:
    """Return the property of a figure; an unknown one came from a file and keeps its name."""
    if id.startswith(OWN):
        return Property(id.removeprefix(OWN), "", "Your own column, told by a model fitted to it.")
    return FIGURES.get(id) or Property(id, "", "A number from the file that was read.")


def shown(id: str, value: float) -> str:
    """Return a value as it is read: its digits, a dash where there is none."""
    if math.isnan(value):
        return "–"
    if id not in FIGURES:
        whole = value.is_integer() and abs(value) < 1e15
        return localised(f"{value:.0f}" if whole else f"{value:.5g}").replace("-", "−")
    digits = figure_of(id).digits
    rounded = round(value, digits) + 0.0  # + 0.0: no minus zero
    return localised(f"{rounded:,.{digits}f}").replace("-", "−")


class Columns:
    """A table of molecules.

    Attributes:
        molecules: One a row, in the order of their file.
        figures: Ids of the figures that any of them has, in the order they are read about;
            how far networks disagree about one is told with it.
        words: Titles of the columns of their file that hold words and no number.
    """

    def __init__(self, molecules: Sequence[Molecule] = ()) -> None:
        self.molecules = tuple(molecules)
        figures = dict.fromkeys(id for molecule in self.molecules for id in molecule.figures)
        ordered = [id for id in (*_FIRST, *FIGURES) if id in figures]
        every = dict.fromkeys((*ordered, *figures))
        self.figures = tuple(id for id in every if not id.endswith(SPREAD))
        titles = dict.fromkeys(title for molecule in self.molecules for title in molecule.words)
        self.words = tuple(title for title in titles if title not in figures)
        self._columns: dict[str, array[float]] = {}
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.molecules)

    def values(self, figure: str) -> array[float]:
        """Return a figure of every row; not a number where it has none."""
        if figure not in self._columns:
            self._columns[figure] = array(
                "d", (molecule.figures.get(figure, math.nan) for molecule in self.molecules)
            )
        return self._columns[figure]

    def bounds(self, figure: str) -> tuple[float, float]:
        """Return the least and the largest value; (0, 1) where there is none."""
        valid = [value for value in self.values(figure) if not math.isnan(value)]
        return (min(valid), max(valid)) if valid else (0.0, 1.0)

    def place(self, smiles: str) -> int:
        """Return the row of a molecule; -1 if it is not here."""
        if not self._places:
            self._places = {molecule.smiles: row for row, molecule in enumerate(self.molecules)}
        return self._places.get(smiles, -1)

    def text(self, row: int, column: str) -> str:
        """Return what stands in a cell."""
        molecule = self.molecules[row]
        if column in TEXTS:
            return str(getattr(molecule, column))
        if column in self.words:
            return molecule.words.get(column, "")
        return molecule.words.get(column) or shown(column, self.values(column)[row])

    def is_outside(self, row: int, column: str) -> bool:
        """Whether networks were asked for a figure and said what cannot be."""
        figures = self.molecules[row].figures
        return column in ENDPOINTS and column not in figures and _JUDGED in figures

    def is_words(self, column: str) -> bool:
        """Whether a column holds words rather than a figure."""
        return column in TEXTS or column in self.words

    def order(self, column: str, descending: bool) -> list[int]:
        """Return all rows sorted by a column, those without a value last; "" is as they came."""
        rows: Iterable[int] = range(len(self))
        if not column:
            return list(rows)
        if self.is_words(column):
            words = [self.text(row, column).lower() for row in rows]
            named = sorted((row for row in rows if words[row]), key=words.__getitem__)
            return [*(reversed(named) if descending else named), *(r for r in rows if not words[r])]
        values = self.values(column)
        valid = [row for row in rows if not math.isnan(values[row])]
        valid.sort(key=values.__getitem__, reverse=descending)
        return [*valid, *(row for row in rows if math.isnan(values[row]))]
