"""One call of another task, from the caller's side: what the called job tells, and its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from studio.api.artifacts import NewArtifact
from studio.api.worker.call_outcome import CalledArtifact, CallOutcome
from studio.api.worker.context import Event, ProgressEvent, TextEvent
from studio.protocol.messages import CallEnded
from studio.protocol.states import Lane
from studio.runtime.jobs.events import Feed


class Callee(Protocol):
    """What a call needs of the called job."""

    feed: Feed
    lane: Lane
    parked: bool
    calling: RunningCall | None


class RunningCall:
    """What the called job tells is heard in that one's thread; the rest is the caller's.

    Attributes:
        callee: The called job, once the studio has made it.
        ended: What the studio says of its end.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.callee: Callee | None = None
        self.ended: CallEnded | None = None
        self._made: list[NewArtifact] = []
        self._texts: list[str] = []
        self._progress: ProgressEvent | None = None

    def begin(self, callee: Callee) -> None:
        """Take the job that was made for it, before its first step."""
        self.callee = callee
        callee.feed.listen(self._hear)

    def take_progress(self) -> ProgressEvent | None:
        """Return the latest progress, once."""
        event, self._progress = self._progress, None
        return event

    def outcome(self) -> CallOutcome:
        """Return what came of it: it is over, and all went well."""
        assert self.callee is not None
        assert self.ended is not None
        saved = list(zip(self.ended.artifacts, self.ended.files, strict=True))
        rest = [("", "")] * (len(self._made) - len(saved))  # of a private job nothing is
        made = tuple(_called(each, *where) for each, where in zip(self._made, [*saved, *rest]))
        return CallOutcome(dict(self.callee.feed.result), made, "".join(self._texts))

    def _hear(self, event: Event) -> None:
        if isinstance(event, ProgressEvent):
            self._progress = event
        elif isinstance(event, NewArtifact):
            self._made.append(event)
        elif isinstance(event, TextEvent) and not event.channel:
            self._texts.append(event.text)


def _called(made: NewArtifact, id: str, file: str) -> CalledArtifact:
    if isinstance(made.payload, Path) and file:  # it was moved there
        made = replace(made, payload=Path(file))
    return CalledArtifact.of(made, id)
