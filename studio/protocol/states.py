"""The states of a job and the moves between them.

Illegal moves are refused here and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is in its life (``studio/ARCHITECTURE.md`` draws it)."""

    QUEUED = "queued"
    WAITING = "waiting"
    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"

    @property
    def is_terminal(self) -> bool:
        """Whether the job is over for good."""
        return self in _TERMINAL

    def can_become(self, new: JobState) -> bool:
        """Whether a job in this state may move to ``new``."""
        return not self.is_terminal and new is not self and new is not JobState.QUEUED


class Priority(StrEnum):
    """Order within a lane; fair within a class."""

    INTERACTIVE = "interactive"
    NORMAL = "normal"
    BACKGROUND = "background"


class Lane(StrEnum):
    """The computing thread a job runs in: short answers a person waits for, or long work."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


_TERMINAL = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED, JobState.LOST})


class IllegalMove(ValueError):
    """A job was asked to move to a state it cannot reach from where it is."""


def move(old: JobState, new: JobState) -> JobState:
    """Return ``new`` if the move is legal.

    Raises:
        IllegalMove: The job is over, or the move leads back to the queue.
    """
    if not old.can_become(new):
        raise IllegalMove(f"a job cannot go from {old} to {new}")
    return new
