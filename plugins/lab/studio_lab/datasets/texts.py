"""Text as a data set: pieces of equal length, in characters or pairs of bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.dataset import Dataset, Shape, Split, Tokens
from studio_lab.datasets.tokens import UNKNOWN, byte_pairs

SUFFIXES = (".txt", ".md", ".rst", ".tex", ".csv", ".py", ".abc")
LENGTH = 128
"""Tokens of a piece: as far as a network looks back."""
FEWEST = 32
"""Pieces; with fewer there is nothing to hold out."""
MOST_BYTES = 64 << 20
MOST_CHARACTERS = 400
"""Rarer ones become ``UNKNOWN``."""
LONG = 100_000
"""Characters of a text from which on ``auto`` means pairs of bytes."""
_CHARACTERS_A_TOKEN = 400
_TOKENS = (300, 8000)


def read_texts(
    path: Path, files: Iterable[Path], tokens: Tokens = "characters"
) -> tuple[Dataset, list[str]]:
    """Return the text of files in or at ``path``, one after the other, and notes about it.

    Raises:
        BadInput: It is no text, or too short.
    """
    texts, total, notes = [], 0, list[str]()
    for file in files:
        try:
            data = read_regular(file)
        except OSError as error:
            raise BadInput(f"“{file.name}” cannot be read: {error.strerror}.") from error
        total += len(data)
        if total > MOST_BYTES:
            size = MOST_BYTES >> 20
            notes.append(sentence("Only the first {size} MiB of the text are used.", size=size))
            break
        try:
            texts.append(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            notes.append(sentence("“{name}” is not UTF-8 and was skipped.", name=file.name))
    dataset, more = from_text(path.stem, "\n\n".join(texts), tokens=tokens)
    return dataset, notes + more


def from_text(
    title: str,
    text: str,
    length: int = LENGTH,
    licence: str = "",
    tokens: Tokens = "characters",
) -> tuple[Dataset, list[str]]:
    """Return ``text`` in pieces of ``length`` tokens, and notes about it.

    Raises:
        BadInput: It is too short, or one character again and again.
    """
    text = text.replace("\r\n", "\n")
    different = len(set(text))
    if different == 1:
        raise BadInput(
            f"“{title}” is one character again and again: there is nothing to learn.",
            "Choose another text.",
        )
    if tokens == "auto":
        tokens = "byte_pairs" if len(text) > LONG else "characters"
    if tokens == "characters":
        numbers, vocabulary = _characters(text)
    else:
        least, most = _TOKENS
        size = min(most, max(least, len(text) // _CHARACTERS_A_TOKEN))
        numbers, vocabulary = byte_pairs(text, size, MOST_CHARACTERS)
    if len(numbers) < FEWEST * length:
        what = "characters" if tokens == "characters" else "tokens"
        raise BadInput(
            f"“{title}” has {len(numbers):,} {what}; training needs at least "
            f"{FEWEST * length:,}, and more than 100,000 to learn something of use.",
            "Choose a longer text, or a folder with several.",
        )
    notes = list[str]()
    if different > MOST_CHARACTERS:
        notes.append(
            sentence(
                "{count} rare characters are replaced by “{sign}”.",
                count=f"{different - MOST_CHARACTERS:,}", sign=UNKNOWN,
            )
        )  # fmt: skip
    rows = numbers[: len(numbers) // length * length].reshape(-1, length)
    shape = Shape("text", vocabulary=len(vocabulary), length=length)
    split, meta = Split.drawn(len(rows), 0), {"vocabulary": vocabulary, "tokens": tokens}
    return Dataset(title, shape, rows, split, licence=licence, meta=meta), notes


def _characters(text: str) -> tuple[NDArray[np.int64], list[str]]:
    counts = Counter(text)
    alphabet = sorted(char for char, _ in counts.most_common(MOST_CHARACTERS))
    if len(counts) > len(alphabet):
        alphabet = [UNKNOWN, *(char for char in alphabet if char != UNKNOWN)]
    place = {character: number for number, character in enumerate(alphabet)}
    return np.fromiter((place.get(char, 0) for char in text), np.int64, len(text)), alphabet
