"""Beginnings of texts that were read before, so that they need not be read again.

Only for models whose bits do not depend on how a text was read (see ``packed_layers``): there a
text is the same with and without it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from studio.runtime.engines.text.caches.disk_prefixes import DiskPrefixes
from studio.runtime.engines.text.caches.prefix import Prefix
from studio.runtime.engines.text.kernels.packed_kv_cache import PackedKVCache

LEAST_TOKENS = 32
"""Shorter beginnings are as fast read as copied."""


class PrefixCache:
    """The last few beginnings, the one used last at the end. Safe to use by several threads.

    Attributes:
        most_bytes: Memory that they take at most; 0 keeps none.
        on_disk: Where they are kept on disk, too; None for nowhere.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.on_disk: DiskPrefixes | None = None
        self._kept: list[Prefix] = []
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Memory that they take now."""
        return sum(prefix.bytes for prefix in self._kept)

    def longest(self, ids: Sequence[int], is_long: bool = False) -> Prefix | None:
        """Return the longest beginning of ``ids`` that is known, never all of them."""
        here = self._longest_here(ids, is_long)
        known = len(here.tokens) if here else 0
        there = self._from_disk(ids, is_long, known + LEAST_TOKENS)
        best = there or here
        return best.part(0, min(len(best.tokens), len(ids) - 1)) if best else None

    def start(self, ids: Sequence[int], cache: PackedKVCache) -> None:
        """Let ``cache`` begin with the longest beginning of ``ids`` that is known."""
        known = self.longest(ids, cache.is_long) if self.most_bytes else None
        if known is not None:
            cache.start_with(known.keys, known.values)

    def _longest_here(self, ids: Sequence[int], is_long: bool) -> Prefix | None:
        with self._lock:
            lengths = [prefix.common(ids, is_long) for prefix in self._kept]
            best = max(lengths, default=0)
            if best < LEAST_TOKENS:
                return None
            found = self._kept.pop(lengths.index(best))
            self._kept.append(found)
        return found.part(0, best)

    def _from_disk(self, ids: Sequence[int], is_long: bool, least: int) -> Prefix | None:
        if self.on_disk is None or len(ids) <= least:
            return None
        found = self.on_disk.longest(ids, is_long, least)
        if found is not None:
            self._remember(found)
        return found

    def keep(
        self, tokens: Sequence[int], cache: PackedKVCache, *, is_private: bool = False
    ) -> None:
        """Copy what ``cache`` knows of ``tokens``, and forget the oldest where that is too much.

        Args:
            is_private: Never on disk.
        """
        if not self.most_bytes:
            return
        per_token = sum(each.nbytes for each in cache.beginning(1)) or 1
        count = min(cache.length, len(tokens), self.most_bytes // per_token)
        if count < LEAST_TOKENS:
            return
        new = Prefix(list(tokens[:count]), *cache.beginning(count), cache.is_long)
        self._remember(new)
        if self.on_disk is not None and not is_private:
            self.on_disk.keep(new)

    def _remember(self, new: Prefix) -> None:
        with self._lock:
            others = [p for p in self._kept if p.common(new.tokens, new.is_long) < len(p.tokens)]
            self._kept = [*others, new]
            while self.bytes > self.most_bytes:
                self._kept.pop(0)

    def clear(self) -> None:
        """Forget all that is in memory."""
        with self._lock:
            self._kept.clear()
