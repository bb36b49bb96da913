"""Ends a runtime that nobody has needed for long: torch alone takes more memory than the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from studio.base.runtime_settings import DEFAULT_IDLE_MINUTES, IDLE_MINUTES
from studio.base.settings import Settings
from studio.protocol.messages import Status
from studio.runtimes.requests import RuntimeRequests
from studio.runtimes.supervisor import Supervisor

REST_SECONDS = 600.0
"""Without a loaded model, a job, or anybody who waits for one."""


class LiveJob(Protocol):
    """A job that is not over: a row of the queue may wait for days, and needs no runtime then."""

    begun: bool
    is_row: bool


class IdleRest:
    """Watches heartbeats. Keeping idle models keeps the runtime, too."""

    def __init__(
        self,
        runtime: Supervisor,
        settings: Settings,
        live_jobs: Callable[[], Iterable[LiveJob]],
        requests: RuntimeRequests,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch nothing yet.

        Args:
            runtime: It is started again by the next message.
            settings: Where ``IDLE_MINUTES`` is.
            live_jobs: The jobs that are not over.
            requests: What else it was asked.
            clock: Seconds.
        """
        self._runtime, self._settings = runtime, settings
        self._live_jobs, self._requests, self._clock = live_jobs, requests, clock
        self._idle_since: float | None = None

    def watch(self, status: Status) -> None:
        """Process a heartbeat, and stop the runtime once it was idle for long enough."""
        never = self._settings.get(IDLE_MINUTES, DEFAULT_IDLE_MINUTES) <= 0
        is_used = status.running or status.jobs or status.loaded or status.processes
        if never or is_used or self._is_awaited():
            self._idle_since = None
            return
        now = self._clock()
        if self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since >= REST_SECONDS:
            self._idle_since = None
            self._runtime.rest()

    def _is_awaited(self) -> bool:
        waits = any(job.begun or not job.is_row for job in self._live_jobs())
        return waits or self._requests.are_open
