"""From the server's thread to the studio's and back: requests are jobs of the one queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

from studio.api.artifacts import Kind
from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.protocol.errors import StudioError
from studio.protocol.states import Priority
from studio.serving.errors import Refusal
from studio.studio import Studio


class Piece(NamedTuple):
    """New text of a task.

    Attributes:
        channel: Of the text; empty for the answer itself.
    """

    text: str
    channel: str = ""


class Made(NamedTuple):
    """A finished picture or sound; it is not stored."""

    payload: bytes


_HANDED_ON = (Kind.IMAGE, Kind.AUDIO)

Event = Piece | Made | Mapping[str, Any] | StudioError | Refusal
"""New text, the result at the end, or why there is none."""


class Bridge:
    """Runs tasks for the server. Its methods are called on the server's event loop."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def knows(self, task: str) -> bool:
        """Whether a plugin in use has the task."""
        return any(entry.id == task for _, entry in self._studio.plugins.tasks())

    async def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Event]:
        """Yield text as it is written, then the result; whoever stops listening stops the job.

        Raises:
            StudioError: The job could not run, or failed.
            Refusal: The user stopped it.
        """
        events: asyncio.Queue[Event] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        started: list[Job] = []

        def tell(event: Event) -> None:
            with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(events.put_nowait, event)

        request = JobRequest(
            task,
            params,
            title="Local server",
            priority=Priority.NORMAL,
            inputs=inputs or {},
            keep=False,
            private=True,
        )
        self._studio.post(lambda: self._begin(request, tell, started.append))
        try:
            while True:
                event = await events.get()
                if isinstance(event, StudioError | Refusal):
                    raise event
                yield event
                if not isinstance(event, Piece | Made):
                    return
        finally:
            self._studio.post(lambda: _stop(started))

    def _begin(
        self, request: JobRequest, tell: Callable[[Event], None], started: Callable[[Job], None]
    ) -> None:
        """Submit, on the studio's thread."""
        try:
            job = self._studio.submit(request)
        except StudioError as error:
            tell(error)
            return
        started(job)
        job.on_handed(lambda kind, data: tell(Made(data)) if kind in _HANDED_ON else None)
        job.on_text(lambda text, tokens, channel: tell(Piece(text, channel)))
        job.on_done(tell)
        job.on_failed(tell)
        # No status of those that make clients ask again.
        job.on_cancelled(lambda: tell(Refusal(403, "The user stopped this job.", "stopped")))


def _stop(jobs: list[Job]) -> None:
    for job in jobs:
        job.cancel()
