"""How far a job is, in words for one line of a terminal. Prints nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.protocol.states import JobState

if TYPE_CHECKING:
    from studio.jobs.job import Job


def progress_in_words(job: Job) -> str:
    """Return how far a job is, for one line."""
    if job.state is JobState.LOADING and job.total:
        return f"{job.words} {job.done / job.total:.0%}"
    if job.state is not JobState.RUNNING or not job.total:
        return job.words
    parts = [f"{job.done / job.total:4.0%}", f"{math.floor(job.done)}/{job.total:g}", job.message]
    if job.seconds_left is not None:
        parts.append(time_left(job.seconds_left))
    return "  ".join(filter(None, parts))


def time_left(seconds: float) -> str:
    """Return ``40 s left``, ``3 min left``, ``12 h left``."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} left"
    return f"{seconds:.0f} s left"
