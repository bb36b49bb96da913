"""Measures of generated text: repetition, and copies of the training text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from studio_lab.measures.copies import USUAL, exceeds, expected_share
from studio_lab.measures.estimates import Estimate, share

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers never vanish modulo 2⁶⁴
_GAP = "\uffff"  # between texts; no text has it
DRAWS = 8
"""Of real texts, to see how much the share of different pairs varies among them."""
MOST = 100
"""Texts that are searched for copied spans."""


def perplexity(nats: float, tokens: int) -> float:
    """Return the perplexity of a text of ``tokens`` whose negative log likelihood is ``nats``."""
    return math.exp(nats / max(1, tokens))


def distinct(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the share of different ones among pairs of words (Li et al. 2016, distinct-2).

    1 where none comes twice; 0 where there is none. More text repeats more: only shares of as many
    pairs can be compared.
    """
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def pairs_of(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return the words of texts, each with the one that follows it."""
    return [pair for words in map(str.split, texts) for pair in pairwise(words)]


def longest_copied(texts: Sequence[str], training: Sequence[str]) -> list[int]:
    """Return for each text the length in characters of its longest span that is in ``training``.

    Spans are compared by hashes of 64 bits, and lengths by doubling and halving: what holds for a
    span holds for the shorter ones in it. Texts that are at the same length are looked up together.
    """
    codes, ours = _codes(_GAP.join(training)), [_codes(text) for text in texts]
    limits = [min(len(text), len(codes)) for text in ours]
    low, high = [0] * len(ours), [limit + 1 for limit in limits]
    is_new = [False] * len(ours)  # whether a length was met that does not occur
    while waiting := [at for at in range(len(ours)) if high[at] - low[at] > 1]:
        length = min(_next(low[at], high[at], is_new[at]) for at in waiting)
        theirs = np.sort(_hashes(codes, length))
        for at in waiting:
            if low[at] < length < high[at]:
                occurs = _occurs(_hashes(ours[at], length), theirs)
                is_new[at] = is_new[at] or not occurs
                low[at], high[at] = (length, high[at]) if occurs else (low[at], length)
    return low


def _next(low: int, high: int, is_bounded: bool) -> int:
    return (low + high) // 2 if is_bounded else min(max(8, 2 * low), high - 1)


def _occurs(hashes: NDArray[np.uint64], references: NDArray[np.uint64]) -> bool:
    at = np.searchsorted(references, hashes).clip(max=len(references) - 1)
    return bool((references[at] == hashes).any())


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
    def is_excess(self) -> bool:
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

    def variety(self, texts: Sequence[str]) -> tuple[float, float]:
        """Return the share of different pairs of words in texts, and in as many pairs of real ones.

        The real ones are drawn from the training texts, one by one as samples are, a few times; the
        least share among the draws counts, since so little is usual.
        """
        pairs, draws = pairs_of(texts), list[list[tuple[str, str]]]()
        for seed in range(DRAWS):
            order = np.random.default_rng(seed).permutation(len(self.training))
            drawn = list[tuple[str, str]]()
            for at in order:
                if len(drawn) >= len(pairs):
                    break
                drawn += pairs_of([self.training[at]])
            draws.append(drawn)
        count = min(len(pairs), *map(len, draws))
        return distinct(pairs[:count]), min(distinct(draw[:count]) for draw in draws)

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
