"""The jobs of the queue as they get on and end, until none may go on. On the studio's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.terminals.messages import RowWent
from studio.terminals.progress import progress_in_words

if TYPE_CHECKING:
    from studio.jobs.job import Job
    from studio.studio import Studio


class QueueWatch:
    """Tells of each job of the queue of a studio; of those that are over before it of none."""

    def __init__(
        self,
        studio: Studio,
        tell: Callable[[RowWent], None],
        rests: Callable[[QueueWatch], None] = lambda watch: None,
    ) -> None:
        """Watch; ``rests`` is called after each change that leaves nothing to wait for."""
        self._jobs, self._queue = studio.jobs, studio.jobs.queue
        self._tell, self._rests = tell, rests
        rows = [job for job in self._jobs.jobs() if job.is_row]
        self._rows = {job.id for job in rows}
        self._over = {job.id for job in rows if not job.is_live}
        self._ends: tuple[Callable[[], None], ...] = (
            self._jobs.on_change(self._changed),
            self._queue.on_change(self.look),
        )

    @property
    def is_busy(self) -> bool:
        """Whether a job is running, or may start: paused ones may not."""
        return any(
            job.retrying or (job.is_live and (job.begun or not self._queue.waits(job)))
            for job in self._jobs.jobs()
            if job.is_row
        )

    @property
    def waiting(self) -> int:
        """How many rows have not begun."""
        return len(self._queue.waiting())

    def close(self) -> None:
        """Tell no more; harmless a second time."""
        ends, self._ends = self._ends, ()
        for end in ends:
            end()

    def look(self) -> None:
        """Call ``rests`` where nothing is under way."""
        if self._ends and not self.is_busy:
            self._rests(self)

    def _changed(self, job: Job) -> None:
        if job.is_row:
            self._rows.add(job.id)
        if job.id in self._rows:  # one that could not be written down is a row no more
            self._row_changed(job)
        self.look()

    def _row_changed(self, job: Job) -> None:
        if job.retrying or job.is_live:
            self._over.discard(job.id)
        if job.is_live:
            if job.begun:
                self._tell(self._told(job))
        elif not job.retrying and job.id not in self._over:
            self._over.add(job.id)
            self._tell(self._told(job))

    def _told(self, job: Job) -> RowWent:
        return RowWent(
            job.id,
            job.title,
            job.task,
            str(job.state),
            job.record,
            not job.is_live,
            progress_in_words(job) if job.is_live else "",
            [artifact.id for artifact in job.artifacts],
            job.error.info() if job.error else None,
            job.seconds or 0.0,
        )
