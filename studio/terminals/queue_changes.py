"""What terminals do to the queue of the open studio. On the studio's thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import Priority

if TYPE_CHECKING:
    from studio.jobs.job import Job
    from studio.studio import Studio


class QueueChanges:
    """The queue by ids, as ``studio queue`` changes it."""

    def __init__(self, studio: Studio) -> None:
        self._queue = studio.jobs.queue

    def pause(self, ids: Sequence[str], paused: bool = True) -> None:
        """Let these rows wait; without any, the whole queue."""
        if ids:
            for job in [self._found(id) for id in ids]:
                self._queue.hold(job, paused)
        elif paused:
            self._queue.pause()
        else:
            self._queue.resume()

    def resume(self, ids: Sequence[str]) -> None:
        """Let them go on."""
        self.pause(ids, False)

    def move(self, id: str, place: int) -> None:
        """Put a row where so many others are before it."""
        self._queue.move(self._found(id), int(place))

    def prioritise(self, id: str, priority: str) -> None:
        """Give a row another class."""
        self._queue.prioritise(self._found(id), Priority(priority))

    def cancel(self, ids: Sequence[str]) -> None:
        """Take rows out."""
        for job in [self._found(id) for id in ids]:
            job.cancel()

    def _found(self, id: str) -> Job:
        for job in self._queue.waiting():
            if job.id == id:
                return job
        raise StudioError(
            ErrorCode.NOT_FOUND,
            "The job no longer waits in the queue.",
            "`studio queue list` shows those that do.",
        )
