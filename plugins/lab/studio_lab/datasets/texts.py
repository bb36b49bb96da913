"""Text as a data set: pieces of equal length, in characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from studio.api import BadInput, read_regular
from studio_lab.datasets.dataset import Dataset, Shape, Split

SUFFIXES = (".txt", ".md", ".rst", ".tex", ".csv", ".py", ".abc")
LENGTH = 128
"""Characters of a piece: as far as a network looks back."""
FEWEST = 32
"""Pieces; with fewer there is nothing to hold out."""
MOST_BYTES = 64 << 20
MOST_CHARACTERS = 400
"""Rarer ones become ``UNKNOWN``."""
UNKNOWN = "�"


def read_texts(path: Path, files: Iterable[Path]) -> tuple[Dataset, list[str]]:
    """Return the text of files in or at ``path``, one after the other, and notes about it.

    Raises:
        BadInput: It is no text, or too short.
    """
    texts, total, notes = [], 0, []
    for file in files:
        try:
            data = read_regular(file)
        except OSError as error:
            raise BadInput(f"“{file.name}” cannot be read: {error.strerror}.") from error
        total += len(data)
        if total > MOST_BYTES:
            notes.append(f"Only the first {MOST_BYTES >> 20} MiB of the text are used.")
            break
        try:
            texts.append(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            notes.append(f"“{file.name}” is not UTF-8 and was skipped.")
    dataset, more = from_text(path.stem, "\n\n".join(texts))
    return dataset, notes + more


def from_text(
    title: str, text: str, length: int = LENGTH, licence: str = ""
) -> tuple[Dataset, list[str]]:
    """Return ``text`` in pieces of ``length`` characters, and notes about it.

    Raises:
        BadInput: It is too short, or one character again and again.
    """
    notes = []
    text = text.replace("\r\n", "\n")
    counts = Counter(text)
    if len(text) < FEWEST * length:
        raise BadInput(
            f"“{title}” has {len(text):,} characters; training needs at least "
            f"{FEWEST * length:,}, and more than 100,000 to learn something of use.",
            "Choose a longer text, or a folder with several.",
        )
    if len(counts) < 2:
        raise BadInput(
            f"“{title}” is one character again and again: there is nothing to learn.",
            "Choose another text.",
        )
    alphabet = "".join(sorted(c for c, _ in counts.most_common(MOST_CHARACTERS)))
    if len(counts) > len(alphabet):
        notes.append(
            f"{len(counts) - len(alphabet):,} rare characters are replaced by “{UNKNOWN}”."
        )
        alphabet = UNKNOWN + alphabet.replace(UNKNOWN, "")
    place = {character: number for number, character in enumerate(alphabet)}
    tokens = np.fromiter((place.get(c, 0) for c in text), np.int64, len(text))
    rows = tokens[: len(tokens) // length * length].reshape(-1, length)
    shape = Shape("text", vocabulary=len(alphabet), length=length)
    split = Split.drawn(len(rows), 0)
    return Dataset(
        title, shape, rows, split, licence=licence, meta={"vocabulary": list(alphabet)}
    ), notes
