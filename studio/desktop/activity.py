"""What the runtime and the jobs are doing, as the window shows it. Holds no policy: verbs go to the core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from studio.protocol.messages import Status
from studio.protocol.states import JobState


@dataclass(frozen=True)
class JobView:
    """One job as a row.

    Attributes:
        icon: Of its plugin.
        words: What it is doing, from the task itself; may be empty.
        fraction: 0–1, or None while nobody knows.
        seconds_left: None while nobody knows.
    """

    id: str
    title: str
    icon: str
    state: JobState
    reason: str = ""
    words: str = ""
    fraction: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Verbs:
    """What a person may do to jobs and the runtime."""

    cancel: Callable[[str], None]
    pause: Callable[[str], None]
    resume: Callable[[str], None]
    promote: Callable[[str], None]
    unload: Callable[[str], None]
    restart: Callable[[], None]


class Activity(QObject):
    """The live picture: status bar, memory popover and job drawer draw from it alone.

    Signals:
        runtime_changed: State or reason of the runtime.
        status_changed: A new heartbeat.
        jobs_changed: Any job moved.
    """

    runtime_changed = Signal()
    status_changed = Signal()
    jobs_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.runtime_state = "off"
        self.runtime_reason = ""
        self.status: Status | None = None
        self.verbs: Verbs | None = None
        self.title_of: Callable[[str], str] = lambda weights: weights
        self._jobs: dict[str, JobView] = {}

    def set_runtime(self, state: str, reason: str = "") -> None:
        """Take the state of the runtime: off, starting, ready, stopping, dead, given_up."""
        self.runtime_state, self.runtime_reason = state, reason
        if state != "ready":
            self.status = None
            self.status_changed.emit()
        self.runtime_changed.emit()

    def set_status(self, status: Status) -> None:
        """Take a heartbeat."""
        self.status = status
        self.status_changed.emit()

    def set_job(self, job: JobView) -> None:
        """Take the news of one job."""
        self._jobs[job.id] = job
        self.jobs_changed.emit()

    def live(self) -> Sequence[JobView]:
        """Return the jobs that are not over, oldest first."""
        return [job for job in self._jobs.values() if not job.state.is_terminal]

    def over(self) -> Sequence[JobView]:
        """Return the jobs of this session that are over, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.state.is_terminal]

    def forget_over(self) -> None:
        """Clear the history."""
        self._jobs = {job.id: job for job in self.live()}
        self.jobs_changed.emit()
