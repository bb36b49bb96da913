"""Pairs of texts as a data set: a source and a target, in characters."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from studio.api import BadInput, read_regular
from studio_lab.datasets.dataset import Dataset, Shape, Split

FEWEST = 40
MOST_LENGTH = 128
END = "\n"
"""Fills what is left of a text; none has it inside."""


def read_pairs(path: Path) -> tuple[Dataset, list[str]]:
    """Return the first two columns of a CSV or TSV file as pairs, and notes about them.

    Raises:
        BadInput: It is no such file, or has too few pairs.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"“{path.name}” is not UTF-8.", "Save it as UTF-8.") from error
    rows = list(csv.reader(io.StringIO(text), delimiter="\t" if "\t" in text[:4096] else ","))
    return from_pairs(path.stem, [(row[0], row[1]) for row in rows if len(row) > 1])


def from_pairs(
    title: str, pairs: Sequence[tuple[str, str]], licence: str = ""
) -> tuple[Dataset, list[str]]:
    """Return pairs of texts, of one length each, and notes about them.

    Raises:
        BadInput: There are too few.
    """
    clean = [tuple(" ".join(text.split()) for text in pair) for pair in pairs]
    fitting = [pair for pair in clean if all(0 < len(text) < MOST_LENGTH for text in pair)]
    notes = []
    if len(fitting) < len(clean):
        left = len(clean) - len(fitting)
        notes.append(f"{left:,} pairs are empty or longer than {MOST_LENGTH} characters; skipped.")
    if len(fitting) < FEWEST:
        raise BadInput(
            f"“{title}” has {len(fitting)} pairs that fit; training needs at least {FEWEST}.",
            "Choose a file with more pairs: a source and a target in each line.",
        )
    alphabet = END + "".join(sorted({c for pair in fitting for text in pair for c in text}))
    place = {character: number for number, character in enumerate(alphabet)}
    length = max(len(text) for pair in fitting for text in pair) + 1
    rows = np.zeros((len(fitting), 2, length), np.int64)
    for row, pair in zip(rows, fitting):
        for half, text in zip(row, pair):
            half[: len(text)] = [place[c] for c in text]
    shape = Shape("pairs", vocabulary=len(alphabet), length=length)
    split = Split.drawn(len(rows), 0)
    return Dataset(title, shape, rows, split, licence=licence, meta={"alphabet": alphabet}), notes


def as_csv(rows: np.ndarray, alphabet: str) -> str:
    """Return (N, 2, L) tokens as lines with a source and a target."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["source", "target"])
    for pair in rows:
        writer.writerow(["".join(alphabet[t] for t in half).partition(END)[0] for half in pair])
    return file.getvalue()
