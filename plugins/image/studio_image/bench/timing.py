"""Fair times: what is compared takes turns, so that all of it meets the same load."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Times(NamedTuple):
    """Medians of one call, in seconds.

    Attributes:
        clock: As the user waits.
        processor: What this process computed, all threads together: other work does not change it.
    """

    clock: float
    processor: float


def medians(rounds: int, *calls: Callable[[], object]) -> list[Times]:
    """Return the times of each call, of ``rounds`` turns after one that fills caches."""
    spent: list[list[Times]] = [[] for _ in calls]
    for turn in range(rounds + 1):
        for call, times in zip(calls, spent):
            began = Times(time.perf_counter(), time.process_time())
            call()
            if turn:
                clock, processor = time.perf_counter(), time.process_time()
                times.append(Times(clock - began.clock, processor - began.processor))
    return [Times(*map(statistics.median, zip(*times))) for times in spent]
