"""Interface of a leased sentence encoder, which maps texts to comparable vectors. No torch here.

The similarity of two texts is the dot product of their vectors: 1 for the same text, about 0 for
unrelated texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol


class EmbeddingEngine(Protocol):
    """A loaded sentence encoder.

    Attributes:
        width: Numbers of a vector.
        longest: Tokens of a text that count; what comes behind them has no part in its vector.
        fingerprint: Tells these weights from others: vectors that are kept are of use only to them.
    """

    width: int
    longest: int
    fingerprint: str

    def count(self, text: str) -> int:
        """Return how many tokens ``text`` is; more than ``longest`` for one that is cut."""
        ...

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[tuple[int, ...], Any]]:
        """Yield (indices in ``texts``, their vectors) a step, the shortest first.

        Vectors are a float32 tensor (n, width) on the processor, each of length 1. Each index
        comes once. Yield to the studio between the steps: each takes a part of a second.
        """
        ...
