"""Time left of a job, from the steps it was seen to make. Reads no clock of its own."""

from __future__ import annotations

from collections import deque

WINDOW = 20
"""Steps looked back on: recent enough to follow a change of speed, enough to be steady."""
SHORTEST = 0.3
"""Seconds to watch before a word is said: earlier guesses only jump about."""


class TimeLeft:
    """How fast a job goes. A new total or a step back starts a new phase, measured afresh."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._total = 0.0

    def step(self, done: float, total: float, now: float) -> float | None:
        """Note that ``done`` of ``total`` was reached at ``now``; return the seconds left."""
        if total != self._total or (self._steps and done < self._steps[-1][1]):
            self._steps.clear()
            self._total = total
        if self._steps and done == self._steps[-1][1]:
            return self.left(now)
        self._steps.append((now, done))
        return self.left(now)

    def left(self, now: float) -> float | None:
        """Return the seconds left at ``now``; None while too little was seen."""
        if len(self._steps) < 2 or self._total <= 0:
            return None
        (first, start), (last, done) = self._steps[0], self._steps[-1]
        if last - first < SHORTEST or done <= start:
            return None
        whole = (self._total - done) * (last - first) / (done - start)
        return max(0.0, whole - (now - last))
