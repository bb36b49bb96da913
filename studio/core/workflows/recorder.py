"""Records what a person does over several pages, to make a workflow of it. Runs nothing."""

from __future__ import annotations

from studio.core.jobs.board import JobBoard
from studio.core.jobs.job import Job
from studio.protocol.states import JobState


class Recorder:
    """Takes note of the results of jobs that are done while it records.

    Attributes:
        is_recording: Whether it does.
    """

    def __init__(self, jobs: JobBoard) -> None:
        self.is_recording = False
        self._made: dict[str, tuple[str, ...]] = {}
        jobs.on_change(self._changed)

    @property
    def steps(self) -> int:
        """How many jobs it has seen."""
        return len(self._made)

    def start(self) -> None:
        """Begin with nothing."""
        self._made.clear()
        self.is_recording = True

    def stop(self) -> list[str]:
        """Return the ids of the results, in the order in which they were made."""
        self.is_recording = False
        return [id for ids in self._made.values() for id in ids]

    def _changed(self, job: Job) -> None:
        if not self.is_recording or job.state is not JobState.DONE or job.caller is not None:
            return
        if made := tuple(each.id for each in job.artifacts if each.id):
            self._made[job.id] = made
