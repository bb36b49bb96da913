"""Which recipes the runtime died of, again and again."""

from __future__ import annotations

from collections import Counter

from studio.jobs.job import Job, Recipe
from studio.protocol.errors import ErrorCode, StudioError

POISONOUS = 2
"""A recipe that was running at so many deaths of the runtime is never run again by itself."""


class Poison:
    """Counts the deaths of one session."""

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()

    def parks(self, recipe: Recipe, to_blame: bool) -> bool:
        """Note that the runtime died while it ran; return whether that was once too often."""
        if not to_blame:
            return False
        self._deaths[recipe.digest] += 1
        return self._deaths[recipe.digest] >= POISONOUS

    def told(self, job: Job, reason: str, details: str) -> StudioError:
        """Return the error of the lost ``job``, with the remedy."""
        hint = "Run it again."
        if job.parked:
            other = "another model or other settings" if job.recipe.weights else "other settings"
            hint = f"The runtime has crashed {POISONOUS} times while running this job. Try {other}."
        message = f"“{job.title}” was interrupted. {reason}"
        return StudioError(ErrorCode.RUNTIME_LOST, message, hint, details, job.plugin)
