"""Beginnings of texts that llama.cpp has read, so that the next turn need not read them again.

What is kept are whole pieces of a prompt, as ``generation`` cuts it: read again they would have the
same bits, so a text is the same with and without them. What was written, a token at a time, is read
once more with the next prompt.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.runtime.engines.text.caches.prefix import common

if TYPE_CHECKING:
    from studio.runtime.engines.text.caches.disk_prefixes import DiskPrefixes


@dataclass(frozen=True)
class State:
    """A beginning: its tokens, and all that llama.cpp knows of them."""

    tokens: Sequence[int]
    data: bytes


class States:
    """The last few beginnings, the one used last at the end. Safe to use by several threads.

    Like ``prefix_cache.PrefixCache``, for caches of llama.cpp.

    Attributes:
        most_bytes: Memory that they take at most.
        on_disk: None: none of them is kept on disk.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.on_disk: DiskPrefixes | None = None
        self._kept: list[State] = []
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Memory that they take now."""
        return sum(len(state.data) for state in self._kept)

    def start(self, ids: Sequence[int], cache: Any) -> None:
        """Let ``cache`` begin with the longest beginning of ``ids`` that is known, never of all."""
        with self._lock:
            lengths = [common(state.tokens, ids[:-1]) for state in self._kept]
            count = max(lengths, default=0) // cache.piece * cache.piece
            if not count:
                return
            found = self._kept.pop(lengths.index(max(lengths)))
            self._kept.append(found)
        cache.start_with(found.data, len(found.tokens), count)

    def keep(self, tokens: Sequence[int], cache: Any, *, is_private: bool = False) -> None:
        """Copy what ``cache`` has read of ``tokens`` in whole pieces, and forget the oldest.

        Args:
            is_private: As of ``Prefixes``; nothing here is ever on disk.
        """
        count = cache.in_pieces
        with self._lock:
            if not count or any(common(each.tokens, tokens) >= count for each in self._kept):
                return
        cache.length = count
        new = State(list(tokens[:count]), cache.state())
        if len(new.data) > self.most_bytes:
            return
        with self._lock:
            others = [s for s in self._kept if common(s.tokens, new.tokens) < len(s.tokens)]
            self._kept = [*others, new]
            while self.bytes > self.most_bytes:
                self._kept.pop(0)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
