"""Pairs of texts as a data set: a source and a target, in characters."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.table import only
from studio_lab.datasets.table_file import csv_rows, decoded
from studio_lab.datasets.tokens import rows_of, written

FEWEST = 40
_NAMES = ["source", "target"]
"""What the columns of a file that the lab wrote are called."""
MOST_LENGTH = 128


def read_pairs(path: Path) -> tuple[Dataset, list[str]]:
    """Return the first two columns of a CSV or TSV file as pairs, and notes about them.

    Raises:
        BadInput: It is no such file, or has too few pairs.
    """
    try:
        text, notes = decoded(read_regular(path), path.name)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    rows = csv_rows(text, path.name)
    if [cell.strip().lower() for cell in rows[0][:2]] == _NAMES:
        rows = rows[1:]
    data, more = from_pairs(path.stem, [(row[0], row[1]) for row in rows if len(row) > 1])
    return data, [*notes, *more]


def from_pairs(
    title: str, pairs: Sequence[tuple[str, str]], licence: str = ""
) -> tuple[Dataset, list[str]]:
    """Return pairs of texts, of one length each, and notes about them.

    Raises:
        BadInput: There are too few.
    """
    clean = [tuple(" ".join(text.split()) for text in pair) for pair in pairs]
    fitting = [pair for pair in clean if all(0 < len(text) < MOST_LENGTH for text in pair)]
    notes = list[str]()
    if len(fitting) < len(clean):
        left = len(clean) - len(fitting)
        notes.append(
            sentence(
                "{count} pairs are empty or longer than {most} characters; skipped.",
                count=f"{left:,}", most=MOST_LENGTH,
            )
        )  # fmt: skip
    if len(fitting) < FEWEST:
        raise BadInput(
            f"“{title}” has {only(len(fitting), 'pairs')} that fit; training needs at least "
            f"{FEWEST}.",
            "Choose a file with more pairs: a source and a target in each line.",
        )
    rows, vocabulary = rows_of([text for pair in fitting for text in pair])
    rows = rows.reshape(len(fitting), 2, -1)
    shape = Shape("pairs", vocabulary=len(vocabulary), length=rows.shape[2])
    split, meta = Split.drawn(len(rows), 0), {"vocabulary": vocabulary}
    return Dataset(title, shape, rows, split, licence=licence, meta=meta), notes


def as_csv(rows: np.ndarray, vocabulary: Sequence[str]) -> str:
    """Return (N, 2, L) tokens as lines with a source and a target."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_NAMES)
    writer.writerows(written(pair, vocabulary) for pair in rows)
    return file.getvalue()
