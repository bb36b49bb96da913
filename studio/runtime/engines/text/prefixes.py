"""Beginnings of texts that were read before, so that they need not be read again. Reads nothing.

Only for models whose bits do not depend on how a text was read (see ``packing``, ``attention``):
there a text is the same with and without it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from studio.runtime.engines.text.attention import KeyValueCache

LEAST_TOKENS = 32
"""Shorter beginnings are as fast read as copied."""


@dataclass(frozen=True)
class Prefix:
    """The beginning of a text.

    Attributes:
        tokens: Its tokens.
        keys, values: (layers, kv heads, tokens, head dim); never written to.
        is_long: As that of the cache: it is of use only to texts of the same sort.
    """

    tokens: list[int]
    keys: Tensor
    values: Tensor
    is_long: bool = False

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return self.keys.nbytes + self.values.nbytes

    def first(self, count: int) -> Prefix:
        """Return its first ``count`` tokens, uncopied."""
        keys, values = self.keys[:, :, :count], self.values[:, :, :count]
        return Prefix(self.tokens[:count], keys, values, self.is_long)

    def common(self, tokens: Sequence[int], is_long: bool) -> int:
        """Return how many tokens a text of that sort has in common with it."""
        return _common(self.tokens, tokens) if self.is_long == is_long else 0


class Prefixes:
    """The last few beginnings, the one used last at the end. Safe to use by several threads.

    Attributes:
        most_bytes: Memory that they take at most; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: list[Prefix] = []
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Memory that they take now."""
        return sum(prefix.bytes for prefix in self._kept)

    def longest(self, ids: Sequence[int], is_long: bool = False) -> Prefix | None:
        """Return the longest beginning of ``ids`` that is known, never all of them."""
        with self._lock:
            lengths = [prefix.common(ids, is_long) for prefix in self._kept]
            best = max(lengths, default=0)
            if best < LEAST_TOKENS:
                return None
            found = self._kept.pop(lengths.index(best))
            self._kept.append(found)
        return found.first(min(best, len(ids) - 1))

    def keep(self, tokens: Sequence[int], cache: KeyValueCache) -> None:
        """Copy what ``cache`` knows of ``tokens``, and forget the oldest where that is too much."""
        if not self.most_bytes:
            return
        per_token = (cache.keys[:, :, :1].nbytes + cache.values[:, :, :1].nbytes) or 1
        count = min(cache.length, len(tokens), self.most_bytes // per_token)
        if count < LEAST_TOKENS:
            return
        keys, values = cache.keys[:, :, :count].clone(), cache.values[:, :, :count].clone()
        new = Prefix(list(tokens[:count]), keys, values, cache.is_long)
        with self._lock:
            self._kept = [p for p in self._kept if p.common(tokens, new.is_long) < len(p.tokens)]
            self._kept.append(new)
            while self.bytes > self.most_bytes:
                self._kept.pop(0)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
