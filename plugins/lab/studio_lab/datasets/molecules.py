"""Molecules as a data set: one SMILES a row, in tokens of atoms, bonds and rings."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.api import BadInput, open_regular, read_regular, sentence
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.tokens import rows_of

SUFFIXES = (".smi", ".smiles")
FEWEST = 40
MOST = 200_000
MOST_LENGTH = 72
"""Tokens; of drug-like molecules hardly any has more."""
MOST_BYTES = 64 << 20
_TOKEN = re.compile(r"\[[^\]\s]{1,20}\]|Br|Cl|%\d\d|[BCNOPSFIbcnops0-9()=#$/\\.+\-:~*@]")
_HEADER = ("name", "parent", "operation", "seed")
"""What a table of molecules has beside SMILES."""


def tokens(smiles: str) -> list[str] | None:
    """Return the tokens of a SMILES (Schwaller et al. 2018); None if invalid."""
    matches = _TOKEN.findall(smiles)
    return matches if matches and "".join(matches) == smiles else None


def has_smiles(path: Path) -> bool:
    """Whether a table has a column of SMILES, by its name."""
    try:
        with io.TextIOWrapper(open_regular(path), "utf-8-sig", "replace") as file:
            return _column(_cells(file.readline(4096)), 1) is not None
    except OSError:
        return False


def read_molecules(path: Path) -> tuple[Dataset, list[str]]:
    """Return the molecules in a file of SMILES, or in the column ``smiles`` of a CSV file.

    Raises:
        BadInput: It cannot be read, or has too few.
    """
    try:
        data = read_regular(path)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"“{path.name}” is larger than {MOST_BYTES >> 20} MiB.", "Take fewer rows.")
    lines = data.decode("utf-8-sig", "replace").splitlines()
    if path.suffix.lower() in SUFFIXES:
        return from_smiles(path.stem, [line.split()[0] for line in lines if line.strip()])
    rows = list(csv.reader(lines, delimiter=_separator(lines[0] if lines else "")))
    column = _column(rows[0], 1) if rows else None
    if column is None:
        raise BadInput(
            f"“{path.name}” has no column “smiles”.", "Give the column with SMILES that name."
        )
    return from_smiles(path.stem, [row[column].strip() for row in rows[1:] if len(row) > column])


def from_smiles(title: str, smiles: Iterable[str], licence: str = "") -> tuple[Dataset, list[str]]:
    """Return molecules, and notes about them.

    Raises:
        BadInput: There are too few, or all are the same.
    """
    given = list(smiles)
    read = [sequence for sequence in map(tokens, given) if sequence]
    fitting = [sequence for sequence in read if len(sequence) <= MOST_LENGTH]
    notes = list[str]()
    if len(read) < len(given):
        notes.append(
            sentence(
                "Not SMILES, and left out: {some} of {all}.",
                some=f"{len(given) - len(read):,}", all=f"{len(given):,}",
            )
        )  # fmt: skip
    if len(fitting) < len(read):
        notes.append(
            sentence(
                "Longer than {most} tokens, and left out: {some} of {all}.",
                most=MOST_LENGTH, some=f"{len(read) - len(fitting):,}", all=f"{len(read):,}",
            )
        )  # fmt: skip
    if len(fitting) > MOST:
        notes.append(
            sentence(
                "There are {all} molecules; the first {some} are used.",
                all=f"{len(fitting):,}", some=f"{MOST:,}",
            )
        )  # fmt: skip
        fitting = fitting[:MOST]
    if len(fitting) < FEWEST:
        raise BadInput(
            f"“{title}” has {len(fitting)} molecules that can be used; training needs at least "
            f"{FEWEST}, and thousands to learn something of use.",
            "Choose a file with more molecules: one SMILES a line, or a column “smiles”.",
        )
    if len(set(map(tuple, fitting))) == 1:
        raise BadInput(
            f"All {len(fitting):,} molecules in “{title}” are the same, so there is nothing to "
            "learn.",
            "Choose a file with different molecules.",
        )
    rows, vocabulary = rows_of(fitting)
    shape = Shape("text", vocabulary=len(vocabulary), length=rows.shape[1])
    meta = {"vocabulary": vocabulary, "content": "molecules"}
    return Dataset(title, shape, rows, Split.drawn(len(rows), 0), licence=licence, meta=meta), notes


def as_csv(smiles: Sequence[str], maker: str) -> str:
    """Return molecules as the table that other pages take.

    Args:
        maker: What made them.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["smiles", *_HEADER])
    writer.writerows([molecule, "", "", maker, 0] for molecule in smiles)
    return file.getvalue()


def _cells(line: str) -> list[str]:
    return next(csv.reader([line], delimiter=_separator(line)), [])


def _separator(line: str) -> str:
    return max(",;\t|", key=line.count)


def _column(names: Sequence[str], least: int) -> int | None:
    places = [at for at, name in enumerate(names) if "smiles" in name.lower()]
    return places[0] if len(places) >= least else None
