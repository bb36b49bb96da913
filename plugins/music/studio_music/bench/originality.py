"""How much of what was written is in the data already: the longest run of notes that both share.

A run is compared free of key: intervals, and lengths where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Run = Sequence[tuple[int, ...]]


def intervals(pitches: Sequence[int], lengths: Sequence[int]) -> list[tuple[int, ...]]:
    """Return (interval, length of the first note) for each pair of neighbours."""
    pairs = zip(pitches, pitches[1:], lengths, strict=False)
    return [(later - earlier, length) for earlier, later, length in pairs]


def longest_shared(written: Run, known: Iterable[Run]) -> int:
    """Return how many neighbours in a row of ``written`` are also in one of ``known``."""
    length = 0
    sources = [tuple(run) for run in known]
    while length < len(written):
        wanted = {tuple(written[n : n + length + 1]) for n in range(len(written) - length)}
        if not any(_holds(source, wanted, length + 1) for source in sources):
            break
        length += 1
    return length


def _holds(source: Run, wanted: set[tuple[tuple[int, ...], ...]], length: int) -> bool:
    return any(tuple(source[n : n + length]) in wanted for n in range(len(source) - length + 1))
