"""Measures of written text: repetition, and what was copied from the training text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from studio_lab.measures.copies import USUAL, exceeds, expected_share
from studio_lab.measures.estimates import Estimate, share

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers never vanish modulo 2⁶⁴
_GAP = "\uffff"  # between texts; no text has it
MOST = 100
"""Texts that are searched for copied spans."""


def perplexity(nats: float, tokens: int) -> float:
    """Return the perplexity of a text of ``tokens`` whose negative log likelihood is ``nats``."""
    return math.exp(nats / max(1, tokens))


def distinct(texts: Sequence[str], length: int = 2) -> float:
    """Return the share of different spans of ``length`` words (Li et al. 2016, distinct-n).

    1 where no span comes twice; 0 where no text is that long.
    """
    spans = [
        tuple(words[at : at + length])
        for words in map(str.split, texts)
        for at in range(len(words) - length + 1)
    ]
    return len(set(spans)) / len(spans) if spans else 0.0


def longest_copied(texts: Sequence[str], training: Sequence[str]) -> list[int]:
    """Return for each text the length in characters of its longest span that is in ``training``.

    Spans are compared by hashes of 64 bits, and lengths by doubling and halving: what holds for a
    span holds for the shorter ones in it. Texts that are at the same length are looked up together.
    """
    known, ours = _codes(_GAP.join(training)), [_codes(text) for text in texts]
    limits = [min(len(text), len(known)) for text in ours]
    low, high = [0] * len(ours), [limit + 1 for limit in limits]
    found = [False] * len(ours)  # whether a length was met that does not occur
    while waiting := [at for at in range(len(ours)) if high[at] - low[at] > 1]:
        length = min(_next(low[at], high[at], found[at]) for at in waiting)
        theirs = np.sort(_hashes(known, length))
        for at in waiting:
            if low[at] < length < high[at]:
                occurs = _occurs(_hashes(ours[at], length), theirs)
                found[at] = found[at] or not occurs
                low[at], high[at] = (length, high[at]) if occurs else (low[at], length)
    return low


def _next(low: int, high: int, is_bounded: bool) -> int:
    return (low + high) // 2 if is_bounded else min(max(8, 2 * low), high - 1)


def _occurs(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> bool:
    at = np.searchsorted(known, hashes).clip(max=len(known) - 1)
    return bool((known[at] == hashes).any())


def _codes(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64) + 1


def _hashes(codes: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """Return the hash of every span of ``length``, put together from spans of powers of two."""
    hashed, done = np.zeros(len(codes) + 1, np.uint64), 0
    block, width, factor = codes, 1, _BASE  # factor: the base to the power of the width
    with np.errstate(over="ignore"):
        while True:
            if length & width:
                hashed = hashed[: len(block) - done] * factor + block[done:]
                done += width
            if 2 * width > length:
                return hashed
            block = block[:-width] * factor + block[width:]
            factor, width = factor * factor, 2 * width


@dataclass(frozen=True)
class CopiedText:
    """How long the spans are that texts share with the training text.

    Attributes:
        spans: Characters of the longest copied span of each text.
        share: Share of texts with a longer one than 99 % of held-out texts have.
        expected: The share that held-out texts would have.
        typical, yardstick: Median of the texts, and of held-out texts of the same lengths.
    """

    spans: list[int]
    share: Estimate
    expected: float
    typical: float
    yardstick: float

    @property
    def found(self) -> bool:
        """Whether clearly more texts are copied than chance makes: three times as many."""
        return exceeds(self.share, self.expected)


@dataclass(frozen=True)
class TextExamples:
    """Real texts that others are measured against.

    Attributes:
        length: Characters of each text that are looked at, for a long text has longer spans by
            chance.
        ends: Whether texts end by themselves; False for pieces of a running text.
    """

    training: Sequence[str]
    held_out: Sequence[str]
    length: int
    ends: bool = True

    @cached_property
    def usual(self) -> list[int]:
        """The longest copied spans of pieces of the held-out texts."""
        length = max(1, self.length)
        pieces = [
            text[at : at + length]
            for text in self.held_out
            for at in range(0, max(1, len(text) - length + 1), length)
        ]
        return longest_copied(pieces[:MOST], self.training)

    def copied(self, texts: Sequence[str]) -> CopiedText:
        """Return how much texts copy from training, with held-out texts as the yardstick."""
        spans = longest_copied([text[: self.length] for text in texts[:MOST]], self.training)
        limit = float(np.quantile(self.usual, 1 - USUAL))
        longer = sum(span > limit for span in spans)
        return CopiedText(
            spans,
            share(longer, len(spans)),
            expected_share(len(self.usual)),
            float(np.median(spans)),
            float(np.median(self.usual)),
        )
