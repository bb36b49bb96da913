"""A molecule as both halves of the plugin see it: a row of text and figures.

Plain data and its CSV. Knows nothing of chemistry, Qt or torch.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from studio.api import BadInput
from studio_molecules.properties import FIGURES

FAMILY = ("smiles", "name", "parent", "operation", "seed")
"""Columns that are no figures."""
COORDINATES = "coordinates"
"""The column of places in space, where any row has them."""
READ = "read"
"""How a molecule came about that stood in a file."""

MAX_ROWS = 200_000

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FORMULA = re.compile(r"'*[=+@\t\r-]")
"""How a cell begins that Excel and its kin would run."""
_PLACES = re.compile(r"\|\(([^)]*)\)")
"""Places of atoms in a CXSMILES; in the plane, the third is empty."""
_EXACT = 1e15
"""Whole numbers below it have all their digits."""


class Molecule(msgspec.Struct, frozen=True):
    """One molecule.

    Attributes:
        smiles: Canonical, as the worker half writes it.
        parent: SMILES of what it was made from; empty if it was read or written from nothing.
        operation: How it came about, in words: "read", "sampled", "atom changed", …
        seed: What was drawn with; 0 where nothing was.
        figures: Id of a figure → its value; what could not be computed is left out.
        words: What else stood beside it in its file: title → text. Of a number that is written
            there in another way than here ("1.10", "007", "1E5") both are kept.
        coordinates: A CXSMILES with a place for every atom its file had, in space or in the plane
            of its drawing; else empty.
    """

    smiles: str
    name: str = ""
    parent: str = ""
    operation: str = ""
    seed: int = 0
    figures: Mapping[str, float] = {}
    words: Mapping[str, str] = {}
    coordinates: str = ""

    @property
    def drawn(self) -> str:
        """2D structure to draw: the file's own layout if present, else the SMILES."""
        return self.coordinates if self._is_flat else self.smiles

    @property
    def shape(self) -> str:
        """3D structure to show: the file's own coordinates if present, else the SMILES."""
        return self.smiles if self._is_flat or not self.coordinates else self.coordinates

    @property
    def _is_flat(self) -> bool:
        match = _PLACES.search(self.coordinates)
        return match is not None and all(part.endswith(",") for part in match[1].split(";"))


class OwnColumn(msgspec.Struct, frozen=True):
    """A column of numbers of the user's own, and whose they are."""

    smiles: tuple[str, ...]
    values: tuple[float, ...]

    def plain(self) -> dict[str, list[Any]]:
        """Return it as a task takes it, in the input ``own``."""
        return {"smiles": list(self.smiles), "values": list(self.values)}


def columns_of(molecules: Iterable[Molecule]) -> list[str]:
    """Return the names of all that any molecule has beside the family columns."""
    return list(
        dict.fromkeys(
            name for molecule in molecules for name in (*molecule.figures, *molecule.words)
        )
    )


def cell_of(molecule: Molecule, name: str) -> str:
    """Return what stands in a column of ``columns_of``: as its file had it, else the figure."""
    return molecule.words.get(name) or number(name, molecule.figures.get(name))


def to_csv(molecules: Sequence[Molecule]) -> bytes:
    """Return a table with a header: the family columns, then all that any row has beside them.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; ``from_csv`` and
    the reader of files take it away.
    """
    names = columns_of(molecules)
    in_space = [COORDINATES] * any(row.coordinates for row in molecules)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FAMILY, *in_space, *map(harmless, names)])
    for molecule in molecules:
        own = [molecule.smiles, harmless(molecule.name), molecule.parent, molecule.operation]
        own += [str(molecule.seed), *([molecule.coordinates] * bool(in_space))]
        writer.writerow([*own, *(_harmless_cell(molecule, name) for name in names)])
    return text.getvalue().encode()


def from_csv(data: bytes) -> list[Molecule]:
    """Return the molecules of ``to_csv``.

    Raises:
        BadInput: it is not such a table.
    """
    try:
        rows = csv.DictReader(io.StringIO(data.decode()))
        return [_row(row) for row in _bounded(rows)]
    except (UnicodeDecodeError, csv.Error, ValueError, TypeError, KeyError) as error:
        raise BadInput("This is not a molecule table from Offline Studio.") from error


def _bounded(rows: Iterable[dict[str, str]]) -> Iterable[dict[str, str]]:
    for place, row in enumerate(rows):
        if place >= MAX_ROWS:
            raise BadInput(f"A table can hold at most {MAX_ROWS:,} molecules.")
        yield row


def _row(row: dict[str, str]) -> Molecule:
    own = {name: row.pop(name) for name in FAMILY}
    coordinates = row.pop(COORDINATES, "")
    figures, words = told_apart((as_written(name), as_written(row[name])) for name in row)
    seed = int(own.pop("seed") or 0)
    own["name"] = as_written(own["name"])
    return Molecule(**own, seed=seed, figures=figures, words=words, coordinates=coordinates)


def told_apart(cells: Iterable[tuple[str, str]]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the figures of titles and texts, and the words; as ``Molecule`` has them."""
    figures: dict[str, float] = {}
    words: dict[str, str] = {}
    for name, cell in cells:
        if not cell:
            continue
        value = as_number(cell)
        if value is not None:
            figures[name] = value
        if value is None or (name not in FIGURES and number(name, value) != cell):
            words[name] = cell
    return figures, words


def as_number(cell: str) -> float | None:
    """Return the finite number that a cell is; None if it is something else."""
    if not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if math.isfinite(value) else None


def number(name: str, value: float | None) -> str:
    """Return a figure as text: seven digits of our own, all digits of one from a file."""
    if value is None or not math.isfinite(value):
        return ""
    if name in FIGURES:
        return f"{value:.7g}"
    value = float(value)  # a whole one may be an int
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if len(text) > 1 and _FORMULA.match(text) else text


def as_written(text: str) -> str:
    """Return a text of ``harmless`` as it was before."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _harmless_cell(molecule: Molecule, name: str) -> str:
    text = cell_of(molecule, name)
    return text if as_number(text) is not None else harmless(text)
