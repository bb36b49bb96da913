"""An n-gram model of characters: the baseline for language models."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

MOST = 400_000
"""Characters it learns from."""

_END = "\uffff"


class NGrams:
    """Characters after the last ``order − 1``, with shorter contexts mixed in (Witten and Bell).

    Args:
        texts: What to learn from; the first 400,000 characters are read.
        order: Characters of the longest span.
        ends: Whether texts end by themselves, so that their ends are learned and counted; the
            pieces of a running text do not.
    """

    def __init__(self, texts: Sequence[str], order: int = 5, *, ends: bool = True) -> None:
        self.order = order
        self._end = _END if ends else ""
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        left = MOST
        for text in texts:
            self._learn(text[:left] + self._end)
            left -= len(text)
            if left <= 0:
                break
        self.alphabet = sorted(self.counts[""])
        self._places = {character: at for at, character in enumerate(self.alphabet)}
        self._floor = 1 / (len(self.alphabet) + 1)

    def _learn(self, text: str) -> None:
        for at, following in enumerate(text):
            for length in range(min(at, self.order - 1) + 1):
                self.counts[text[at - length : at]][following] += 1

    def probability(self, context: str, following: str) -> float:
        """Return how likely a character is after ``context``, of which the end counts."""
        likely = self._floor
        for seen in self._contexts(context):
            total, kinds = seen.total(), len(seen)
            likely = (seen[following] + kinds * likely) / (total + kinds)
        return likely

    def _contexts(self, context: str) -> Iterator[Counter[str]]:
        """Yield what followed the ends of ``context``, from the empty one to the longest known."""
        for length in range(min(len(context), self.order - 1) + 1):
            seen = self.counts.get(context[len(context) - length :])
            if not seen:
                return
            yield seen

    def _distribution(self, context: str) -> NDArray[np.float64]:
        """Return how likely each character of the alphabet is; together they are 1."""
        likely = np.full(len(self.alphabet), self._floor)
        for seen in self._contexts(context):
            total, kinds = seen.total(), len(seen)
            likely *= kinds
            for character, count in seen.items():
                likely[self._places[character]] += count
            likely /= total + kinds
        return np.asarray(likely / likely.sum())

    def nats(self, text: str) -> float:
        """Return the negative log likelihood of a text, and of its end where ends are learned."""
        text += self._end
        return -sum(
            math.log(self.probability(text[max(0, at - self.order + 1) : at], following))
            for at, following in enumerate(text)
        )

    def bits_per_character(self, texts: Sequence[str]) -> float:
        """Return the mean of bits a character; an end that is learned counts as one."""
        characters = sum(len(text) + len(self._end) for text in texts)
        return sum(map(self.nats, texts)) / math.log(2) / max(1, characters)

    def sample(self, rng: np.random.Generator, longest: int = 500) -> str:
        """Return a text that the model writes, of ``longest`` characters at most."""
        text = ""
        while len(text) < longest:
            context = text[max(0, len(text) - self.order + 1) :]
            likely = self._distribution(context)
            following = self.alphabet[rng.choice(len(likely), p=likely)]
            if following == _END:
                break
            text += following
        return text
