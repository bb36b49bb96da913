"""Rows of tokens and the words they stand for: the vocabulary is a list of what each token writes.

A row ends at its first ``END``, which writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

END = ""
"""Fills what is left of a row; the first of a vocabulary that has it."""
_STAND_INS = 0x4E00
"""From here on Unicode has 20,000 characters that count as letters."""


def rows_of(sequences: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], list[str]]:
    """Return sequences of tokens as rows of one length, (N, L), each with an end, and their words.

    L is one more than the longest sequence has.
    """
    vocabulary = [END, *sorted({token for each in sequences for token in each})]
    place = {token: number for number, token in enumerate(vocabulary)}
    rows = np.zeros((len(sequences), max(map(len, sequences)) + 1), np.int64)
    for row, each in zip(rows, sequences):
        row[: len(each)] = [place[token] for token in each]
    return rows, vocabulary


def tokens_of(row: Iterable[int], vocabulary: Sequence[str]) -> list[str]:
    """Return the tokens of a row up to its end."""
    return list(takewhile(lambda token: token != END, (vocabulary[number] for number in row)))


def written(rows: NDArray[np.int64], vocabulary: Sequence[str]) -> list[str]:
    """Return rows, (N, L), as texts."""
    return ["".join(tokens_of(row, vocabulary)) for row in rows]


def as_characters(vocabulary: Sequence[str]) -> Sequence[str]:
    """Return a character for each token: what counts characters then counts tokens."""
    if all(len(token) == 1 for token in vocabulary):
        return vocabulary
    return [token and chr(_STAND_INS + number) for number, token in enumerate(vocabulary)]
