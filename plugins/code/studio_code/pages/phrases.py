"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations


def count_words(count: int, one: str, many: str) -> str:
    """Return ``one`` for 1, else ``many`` with its ``{count}``; both are translated already."""
    return one if count == 1 else many.format(count=f"{count:,}")
