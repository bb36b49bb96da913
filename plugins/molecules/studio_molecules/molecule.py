"""A molecule as both halves of the plugin see it: a row of text and figures.

Plain data and its CSV. Knows nothing of chemistry, Qt or torch.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from studio.api import BadInput

FAMILY = ("smiles", "name", "parent", "operation", "seed")
"""Columns that are no figures."""

MAX_ROWS = 200_000


class Molecule(msgspec.Struct, frozen=True):
    """One molecule.

    Attributes:
        smiles: Canonical, as the worker half writes it.
        parent: SMILES of what it was made from; empty if it was read or written from nothing.
        operation: How it came about, in words: "read", "sampled", "atom changed", …
        seed: What was drawn with; 0 where nothing was.
        figures: Id of a figure → its value; what could not be computed is left out.
        words: What else stood beside it in its file and is no number: title → text.
    """

    smiles: str
    name: str = ""
    parent: str = ""
    operation: str = ""
    seed: int = 0
    figures: Mapping[str, float] = {}
    words: Mapping[str, str] = {}


def to_csv(molecules: Sequence[Molecule]) -> bytes:
    """Return a table with a header: the family columns, then all that any row has beside them."""
    names = list(dict.fromkeys(name for each in molecules for name in (*each.figures, *each.words)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FAMILY, *names])
    for molecule in molecules:
        own = [molecule.smiles, molecule.name, molecule.parent, molecule.operation, molecule.seed]
        writer.writerow([*own, *(_cell(molecule, name) for name in names)])
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
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            raise BadInput(f"A table can hold at most {MAX_ROWS:,} molecules.")
        yield row


def _row(row: dict[str, str]) -> Molecule:
    own = {name: row[name] for name in FAMILY[:4]}
    figures: dict[str, float] = {}
    words: dict[str, str] = {}
    for name, cell in row.items():
        if name not in FAMILY and cell:
            number = as_number(cell)
            if number is None:
                words[name] = cell
            else:
                figures[name] = number
    return Molecule(**own, seed=int(row["seed"] or 0), figures=figures, words=words)


def as_number(cell: str) -> float | None:
    """Return the finite number that a cell is; None if it is something else."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _cell(molecule: Molecule, name: str) -> str:
    return molecule.words.get(name) or _number(molecule.figures.get(name))


def _number(value: float | None) -> str:
    """Return at most seven digits: enough for a figure, and the same on every machine."""
    return "" if value is None or not math.isfinite(value) else f"{value:.7g}"
