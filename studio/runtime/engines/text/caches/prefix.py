"""The beginning of a text, as it was read. Keeps and finds none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Prefix:
    """The beginning of a text.

    Attributes:
        tokens: Its tokens.
        keys, values: (layers, kv heads, tokens, head dim); never written to.
        is_long: As that of the cache: it is of use only to texts of the same sort.
    """

    tokens: Sequence[int]
    keys: Tensor
    values: Tensor
    is_long: bool = False

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return self.keys.nbytes + self.values.nbytes

    def part(self, start: int, end: int) -> Prefix:
        """Return its tokens from ``start`` up to ``end``, uncopied."""
        keys, values = self.keys[:, :, start:end], self.values[:, :, start:end]
        return Prefix(self.tokens[start:end], keys, values, self.is_long)

    def common(self, tokens: Sequence[int], is_long: bool) -> int:
        """Return how many tokens a text of that sort has in common with it."""
        return common(self.tokens, tokens) if self.is_long == is_long else 0


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
