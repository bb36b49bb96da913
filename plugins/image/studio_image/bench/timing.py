"""Fair times: what is compared takes turns, so that all of it meets the same load."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from studio.api import Loader


def medians(rounds: int, *calls: Callable[[], object]) -> list[float]:
    """Return the median seconds of each call, of ``rounds`` turns after one that fills caches."""
    spent: list[list[float]] = [[] for _ in calls]
    for turn in range(rounds + 1):
        for call, seconds in zip(calls, spent):
            began = time.perf_counter()
            call()
            if turn:
                seconds.append(time.perf_counter() - began)
    return [statistics.median(seconds) for seconds in spent]


def opened(loader: Loader, path: Any) -> Any:
    """Return what ``loader`` makes of a file."""
    return finished(loader.load(path, "cpu"))


def finished(steps: Any) -> Any:
    """Go through a generator at once; return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
