"""Intermediate data stored beside a result to speed up the next run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from studio.api.stability import since


@since("1.1")
@dataclass(frozen=True)
class KeepEvent:
    """Costly intermediate data, stored beside the previously yielded result."""

    key: str
    payload: bytes


@since("1.1")
class Intermediates(Protocol):
    """Latents, encodings and the like: hidden children of results, by a key of the plugin's own.

    Nobody sees them in a list. They count in the size of the library, go when their result is
    erased, and first of all when space is short: a task must do without. What is built on one must
    come out as without it. For other programs nothing is kept, and of a plugin in a process of its
    own nothing above 64 MB.
    """

    def find(self, key: str) -> bytes | None:
        """Return the data stored under ``key``, unchanged; None if no longer present."""
        ...

    def keep(self, key: str, payload: bytes) -> KeepEvent | None:
        """Return the event to yield after a result: keeps ``payload`` beside it.

        Args:
            key: Names all that it depends on, the digest of the weights included: best a hash.
        """
        ...


class NoIntermediates:
    """Null implementation that stores nothing."""

    def find(self, key: str) -> bytes | None:
        """Return nothing."""
        return None

    def keep(self, key: str, payload: bytes) -> KeepEvent | None:
        """Return a step without news."""
        return None
