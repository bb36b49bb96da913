"""How many processors others leave to us. Measures; decides nothing.

Threads that share a product wait for the slowest of them. Where another program keeps one from
running all wait for the system's next time slice: two threads become many times slower than one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

APART = 0.9
"""Seconds between two readings at least: shorter ones say little."""
WEIGHT = 0.5
"""Of the newest reading in the running mean."""


@dataclass(frozen=True)
class Reading:
    """Seconds since some moment: on the clock, idle on the processors we may use, worked by us."""

    clock: float
    idle: float
    own: float

    @classmethod
    def now(cls) -> Reading:
        """Read the counters of the system."""
        times = psutil.cpu_times(percpu=True)
        allowed = set(range(len(times)))
        if hasattr(os, "sched_getaffinity"):
            allowed &= os.sched_getaffinity(0)
        idle = sum(times[i].idle + getattr(times[i], "iowait", 0.0) for i in allowed)
        own = psutil.Process().cpu_times()
        return cls(time.monotonic(), idle, own.user + own.system)


class CpuContention:
    """A running estimate of the processors that are idle or ours."""

    def __init__(self, read: Callable[[], Reading] = Reading.now) -> None:
        self._read = read
        self._last = read()
        self._mean: float | None = None

    def threads(self, most: int) -> int:
        """Return how many threads to compute with, from 1 to ``most``."""
        now = self._read()
        passed = now.clock - self._last.clock
        if passed >= APART:
            left = (now.idle - self._last.idle + now.own - self._last.own) / passed
            old = left if self._mean is None else self._mean
            self._mean = WEIGHT * left + (1 - WEIGHT) * old
            self._last = now
        left_to_us = most if self._mean is None else round(self._mean)
        return max(1, min(most, left_to_us))
