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
UNKNOWN = "�"
"""What a text has in the place of rare characters."""
_STAND_INS = 0x4E00
"""From here on Unicode has 20,000 characters that count as letters."""


def rows_of(sequences: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], list[str]]:
    """Return sequences of tokens as rows of one length, (N, L), each with an end, and their words.

    L is one more than the longest sequence has.
    """
    vocabulary = [END, *sorted({token for sequence in sequences for token in sequence})]
    place = {token: number for number, token in enumerate(vocabulary)}
    rows = np.zeros((len(sequences), max(map(len, sequences)) + 1), np.int64)
    for row, sequence in zip(rows, sequences):
        row[: len(sequence)] = [place[token] for token in sequence]
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


def byte_pairs(text: str, size: int, characters: int) -> tuple[NDArray[np.int64], list[str]]:
    """Return a text in tokens that are frequent in it, and the vocabulary: byte-pair encoding.

    Pairs of characters that often stand together become one token, then pairs of these (Gage 1994;
    Sennrich et al. 2016). A token never goes over the end of a word; a space stands before words,
    and those before it, as of an indented line, are tokens together.

    Args:
        size: Tokens of the vocabulary, at most.
        characters: As many different ones are kept; rarer ones become ``UNKNOWN``.
    """
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import Split
    from tokenizers.trainers import BpeTrainer

    lines = text.splitlines(keepends=True)
    coder = Tokenizer(BPE(unk_token=UNKNOWN))
    coder.pre_tokenizer = Split(Regex(r" ?\w+| ?[^\w\s]+| +(?= )|\s"), "isolated")
    coder.train_from_iterator(
        lines,
        BpeTrainer(
            vocab_size=size, min_frequency=2, special_tokens=[UNKNOWN], max_token_length=24,
            limit_alphabet=characters, show_progress=False,
        ),
    )  # fmt: skip
    places = coder.get_vocab()
    ids = [number for encoding in coder.encode_batch_fast(lines) for number in encoding.ids]
    return np.array(ids, np.int64), sorted(places, key=places.__getitem__)


def encoded(text: str, vocabulary: Sequence[str]) -> list[int]:
    """Return a text as tokens, the longest that fits first; what none fits is left out."""
    place = {token: number for number, token in enumerate(vocabulary) if token}
    longest, ids, at = max(map(len, place), default=0), list[int](), 0
    while at < len(text):
        fits = (text[at : at + size] for size in range(longest, 0, -1))
        token = next((candidate for candidate in fits if candidate in place), "")
        if token:
            ids.append(place[token])
        at += max(1, len(token))
    return ids
