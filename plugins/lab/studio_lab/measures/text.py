"""Measures of written text: repetition, and what was copied from the training text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from studio_lab.measures.copies import USUAL, exceeds, expected_share
from studio_lab.measures.estimates import Estimate, share

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers never vanish modulo 2⁶⁴
_GAP = "\uffff"  # between texts; no text has it
MOST = 200
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

    Spans are compared by hashes of 64 bits, and lengths by halving: what holds for a span holds for
    the shorter ones in it.
    """
    known = _codes(_GAP.join(training))

    @lru_cache(maxsize=24)
    def spans(length: int) -> NDArray[np.uint64]:
        return np.sort(_hashes(known, length))

    return [_longest(_codes(text), len(known), spans) for text in texts]


def _longest(
    text: NDArray[np.uint64], limit: int, spans: Callable[[int], NDArray[np.uint64]]
) -> int:
    def occurs(length: int) -> bool:
        ours, theirs = _hashes(text, length), spans(length)
        at = np.searchsorted(theirs, ours).clip(max=len(theirs) - 1)
        return bool((theirs[at] == ours).any())

    limit, low = min(limit, len(text)), 0
    high = min(8, limit)
    while high > low and occurs(high):
        low, high = high, min(2 * high, limit)
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if occurs(middle) else (low, middle)
    return low


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


def copied_text(
    texts: Sequence[str], training: Sequence[str], held_out: Sequence[str]
) -> CopiedText:
    """Return how much texts copy from ``training``, with held-out texts as the yardstick.

    Held-out texts are cut to the median length of the texts, and as long a piece is looked at of
    each text, for a long text has longer spans by chance.
    """
    length = int(np.median([len(text) for text in texts]))
    pieces = [
        text[at : at + length]
        for text in held_out
        for at in range(0, max(1, len(text) - length + 1), max(1, length))
    ]
    usual = longest_copied(pieces[:MOST], training)
    spans = longest_copied([text[:length] for text in texts[:MOST]], training)
    limit = float(np.quantile(usual, 1 - USUAL))
    longer = sum(span > limit for span in spans)
    return CopiedText(
        spans,
        share(longer, len(spans)),
        expected_share(len(usual)),
        float(np.median(spans)),
        float(np.median(usual)),
    )
