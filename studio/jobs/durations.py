"""How long the queue will take, by how long jobs like those in it took before on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

from studio.base.background import Background
from studio.jobs.job import Job, Recipe
from studio.protocol.errors import StudioError

log = logging.getLogger("studio.jobs")

Typical = Callable[[Recipe], float | None]
"""Returns the seconds that a job usually takes; None for a task that was never run."""
_Key = tuple[str, tuple[str, ...], tuple[object, ...]]
"""Task, weights, and the parameters that its time is in proportion to."""


class Estimate(NamedTuple):
    """How long some jobs will take, one after the other.

    Attributes:
        seconds: Of those that are known.
        unknown: How many others there are.
    """

    seconds: float
    unknown: int = 0


def estimate(lefts: Iterable[float | None]) -> Estimate | None:
    """Return the sum of the jobs' remaining times; None if all are unknown."""
    remaining = list(lefts)
    seconds = [left for left in remaining if left is not None]
    return Estimate(sum(seconds), len(remaining) - len(seconds)) if seconds else None


class Durations:
    """Of jobs; the library is read beside the owner's thread, once for all that are alike."""

    def __init__(self, typical: Typical, disk: Background, changed: Callable[[], None]) -> None:
        """``changed``: called when more is known."""
        self._typical, self._disk, self._changed = typical, disk, changed
        self._known: dict[_Key, float | None] = {}

    def to_end(self, jobs: Iterable[Job]) -> Estimate | None:
        """Return how long live jobs will take; None where nothing is known. Held ones are not in.

        Two lanes share one device, so what runs side by side counts as one after the other.
        """
        return estimate(self._left(job) for job in jobs if not job.held)

    def learn(self, job: Job) -> None:
        """Take in that a job is over: how long its task takes is asked anew."""
        self._known = {key: seconds for key, seconds in self._known.items() if key[0] != job.task}

    def _left(self, job: Job) -> float | None:
        if job.seconds_left is not None:
            return job.seconds_left
        typical = self._usually(job)
        return None if typical is None else max(0.0, typical - (job.seconds or 0.0))

    def _usually(self, job: Job) -> float | None:
        recipe = job.recipe
        sizes = tuple(recipe.params.get(name) for name in recipe.grows_with)
        key = recipe.task, recipe.weights, sizes
        if key not in self._known:
            self._known[key] = None

            def found(seconds: float | None) -> None:
                self._known[key] = seconds
                if seconds is not None:
                    self._changed()

            def unread(error: StudioError) -> None:
                log.info("no durations of %s: %s", key[0], error)  # the library tells of itself

            self._disk.run(lambda: self._typical(recipe), found, unread)
        return self._known[key]
