"""The order in which bars are played: repeats and their endings written out. Pure numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from studio.api import BadInput

MAX_PLAYED: Final = 20_000


class Marks(NamedTuple):
    """What stands at a bar: a repeat begins, it is played so often (0: none ends), its endings."""

    begins: bool = False
    times: int = 0
    endings: frozenset[int] = frozenset()


def played(bars: Sequence[Marks]) -> list[int]:
    """Return the numbers of the bars as they are played.

    Raises:
        BadInput: They are more than a piece can be long.
    """
    order: list[int] = []
    rounds = _rounds(bars)
    at = start = 0
    round_ = 1
    while at < len(bars):
        bar = bars[at]
        left_endings = bool(order) and order[-1] == at - 1 and bars[at - 1].endings
        if (bar.begins and start != at) or (left_endings and not bar.endings):
            start, round_ = at, 1
        if bar.endings and round_ not in bar.endings:
            at += 1
            continue
        order.append(at)
        if len(order) > MAX_PLAYED:
            raise BadInput(
                "This score is too long when its repeats are written out.", "Remove some repeats."
            )
        if bar.times and round_ < max(bar.times, rounds[at]):
            at, round_ = start, round_ + 1
            continue
        at += 1
        if bar.times and not bar.endings:
            start, round_ = at, 1
    return order


def _rounds(bars: Sequence[Marks]) -> list[int]:
    """Return for each bar the highest number among the endings that it is one of; 0 for none."""
    rounds: list[int] = []
    for together, group in groupby(bars, key=lambda bar: bool(bar.endings)):
        inside = list(group)
        highest = max(max(bar.endings) for bar in inside) if together else 0
        rounds += [highest] * len(inside)
    return rounds
