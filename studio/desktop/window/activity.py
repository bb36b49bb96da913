"""What runtime and jobs are doing, as the window shows it. Holds no policy: the studio acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from studio.protocol.messages import Status

if TYPE_CHECKING:
    from studio.jobs.durations import Durations, Estimate
    from studio.jobs.job import Job
    from studio.jobs.job_queue import JobQueue
    from studio.protocol.connections.watch import Attempt

_CALM_MS = 60
"""Jobs are redrawn at most this often: the eye cannot follow more."""


class Board(Protocol):
    """Job board interface for the window."""

    queue: JobQueue
    durations: Durations

    def jobs(self) -> list[Job]: ...

    def live(self) -> list[Job]: ...

    def forget_over(self) -> None: ...

    def cancel_all(self) -> None: ...

    def on_change(self, call: Callable[[Job], None]) -> Callable[[], None]: ...


class Activity(QObject):
    """The live picture: status bar, memory popover and job drawer draw from it alone.

    Attributes:
        runtime_state: off, starting, ready, stopping, dead or given_up.
        runtime_reason: Why it is dead, in words.
        status: The last heartbeat; None while there is no runtime.
        server: Address of the local server; empty while it is off.
        connections: How often another machine was to be reached.
        attempts: The last times, oldest first.
        plugin_title: Plugin id → the name a person reads.
        title_of: Weights id → the name a person reads.
        unload, restart: What a person may ask of the runtime.
        start_again: Close the window, after the usual question, and open it anew.
        show_device: Bring the page into view that says who uses the device.

    Signals:
        runtime_changed: State or reason of the runtime.
        status_changed: A new heartbeat.
        jobs_changed: Any job moved or got on.
        server_changed: The local server is on now, or off.
        connections_changed: Another machine was to be reached.
    """

    runtime_changed = Signal()
    status_changed = Signal()
    jobs_changed = Signal()
    server_changed = Signal()
    connections_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.runtime_state, self.runtime_reason = "off", ""
        self.status: Status | None = None
        self.server = ""
        self.connections = self.blocked_connections = 0
        self.attempts: Sequence[Attempt] = ()
        self.plugin_title: Callable[[str], str] = lambda plugin: plugin
        self.title_of: Callable[[str], str] = lambda weights: weights
        self.unload: Callable[[str], None] = lambda weights: None
        self.restart: Callable[[], None] = lambda: None
        self.start_again: Callable[[], None] = lambda: None
        self.show_device: Callable[[], None] = lambda: None
        self._board: Board | None = None
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self.jobs_changed)

    def watch(self, board: Board) -> None:
        """Show the jobs of ``board``."""
        self._board = board
        board.on_change(lambda job: self._on_job())
        board.queue.on_change(self._on_job)
        self.jobs_changed.emit()

    def set_runtime(self, state: str, reason: str = "") -> None:
        """Take the state of the runtime."""
        self.runtime_state, self.runtime_reason = state, reason
        if state != "ready" and self.status is not None:
            self.status = None
            self.status_changed.emit()
        self.runtime_changed.emit()

    def set_status(self, status: Status) -> None:
        """Take a heartbeat."""
        self.status = status
        self.status_changed.emit()

    def set_server(self, address: str) -> None:
        """Take where the local server is; empty for nowhere."""
        self.server = address
        self.server_changed.emit()

    def set_connections(self, count: int, blocked: int, attempts: Sequence[Attempt]) -> None:
        """Take how often another machine was to be reached, in vain or not, and the last times."""
        self.connections, self.blocked_connections, self.attempts = count, blocked, attempts
        self.connections_changed.emit()

    def live(self) -> Sequence[Job]:
        """Return the jobs that are not over, but not what passes by itself.

        First those at work, oldest first, then the rows of the queue in the order they are to run.
        """
        if self._board is None:
            return []
        rows = self._board.queue.waiting()
        waiting = {job.id for job in rows}
        live = [job for job in self._board.live() if not _is_passing(job)]
        return [*(job for job in live if job.id not in waiting), *rows]

    @property
    def queue(self) -> JobQueue | None:
        """The queued rows and the user's changes to them; None before a studio is open."""
        return self._board.queue if self._board else None

    def to_end(self) -> Estimate | None:
        """Return how long all of ``live`` will take; None where nothing is known."""
        return self._board.durations.to_end(self.live()) if self._board else None

    def cancel_all(self) -> None:
        """Stop what runs, and take what waits out of the queue."""
        if self._board is not None:
            self._board.cancel_all()

    def title_of_job(self, id: str) -> str:
        """Return the display title of a job, including transient ones."""
        titles = {job.id: job.title for job in self._board.jobs()} if self._board else {}
        return titles.get(id) or self.tr("a job")

    def over(self) -> Sequence[Job]:
        """Return the jobs of this session that are over, newest first."""
        return [j for j in reversed(self._board.jobs()) if not j.is_live] if self._board else []

    def forget_over(self) -> None:
        """Clear the history."""
        if self._board is not None:
            self._board.forget_over()
            self.jobs_changed.emit()

    def _on_job(self) -> None:
        if not self._calm.isActive():
            self._calm.start()


def _is_passing(job: Job) -> bool:
    """Whether it is over before anybody asks: a view wants it again and again, and no model works.

    A question to a model leaves nothing either, but takes its time.
    """
    return job.recipe.is_passing and (job.recipe.private or not job.recipe.weights)
