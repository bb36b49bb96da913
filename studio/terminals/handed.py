"""Work handed to the open studio, as this terminal sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from studio.automation.workflows.progress import RunProgress
from studio.jobs.job import Job
from studio.library.workflow_runs import RunState
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.terminals.messages import (
    Begun,
    Ended,
    Made,
    Moved,
    QueueRests,
    RowWent,
    RunWent,
    Went,
    Wrote,
)

GONE = StudioError(
    ErrorCode.RUNTIME_LOST,
    "The studio that did this was closed.",
    "What it had finished is in the library. Run the command again.",
)


class Handed(Protocol):
    """Something that goes on there."""

    def take(self, message: object) -> None:
        """Process a message about it."""

    def lost(self) -> None:
        """The open studio has gone."""


class HandedJob(Job):
    """A job of the open studio, as this terminal hears of it."""

    def take(self, message: object) -> None:
        """Process a message about it."""
        if isinstance(message, Begun):
            self.id, self.record = message.id, message.record
        elif isinstance(message, Moved):
            self.state, self.reason = JobState(message.state), message.reason
            self.machine = message.machine
            if self.state is JobState.RUNNING and self.started is None:
                self.started = time.time()
            self._tell("state", self.state, self.reason)
        elif isinstance(message, Went):
            self.done, self.total, self.message = message.done, message.total, message.message
            self.seconds_left = message.seconds_left
            self.tell_progress()
        elif isinstance(message, Wrote):
            self.write(message.text, message.tokens, message.channel)
        elif isinstance(message, Made):
            self.keep(message.artifact)
        elif isinstance(message, Ended):
            self.result, self.started = message.result, message.started
            self.machine = message.machine
            error = StudioError.from_info(message.error) if message.error else None
            self.was(JobState(message.state), message.finished or time.time(), error)
            self._tell("state", self.state, self.reason)
            if self.state is JobState.DONE:
                self._tell("done", self.result)
            elif self.state is JobState.CANCELLED:
                self._tell("cancelled")
            elif error is not None:
                self._tell("failed", error)

    def lost(self) -> None:
        """The open studio has gone."""
        self.take(Ended(str(JobState.LOST), {}, None, time.time(), GONE.info()))


class HandedRun(RunProgress):
    """A run of a workflow of the open studio.

    Attributes:
        is_coming: Whether its machine is being reached.
        seconds_left: How long the rest will take; None while unknown.
    """

    def __init__(self, id: str, title: str, stop: Callable[[], None]) -> None:
        super().__init__(id, title)
        self.is_coming = False
        self.seconds_left: float | None = None
        self._stop = stop

    def take(self, message: object) -> None:
        """Process a message about it."""
        if isinstance(message, RunWent):
            self.state, self.counts = message.state, message.counts
            self.stopping, self.is_coming = message.stopping, message.is_coming
            self.seconds_left = message.seconds_left
            self.error = StudioError.from_info(message.error) if message.error else None

    def lost(self) -> None:
        """The open studio has gone."""
        self.state, self.error = RunState.STOPPED, GONE

    def stop(self) -> None:
        """Stop it there; it can be resumed."""
        self._stop()


class HandedQueue:
    """The queue of the open studio, as :class:`QueueWatch` tells of it.

    Attributes:
        is_busy: Whether anything is under way, or may begin.
        waiting: How many rows wait, once nothing is.
        error: The studio was closed meanwhile.
    """

    def __init__(self, tell: Callable[[RowWent], None]) -> None:
        self.is_busy, self.waiting = True, 0
        self.error: StudioError | None = None
        self._tell = tell

    def take(self, message: object) -> None:
        """Process a message about it."""
        if isinstance(message, RowWent):
            self._tell(message)
        elif isinstance(message, QueueRests):
            self.is_busy, self.waiting = False, message.waiting

    def lost(self) -> None:
        """The open studio has gone."""
        self.is_busy, self.error = False, GONE
