"""How many bytes of a task's events would cross the link. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from studio.api.worker.context import Event
from studio.protocol import frames
from studio.protocol.blobs import flat
from studio.protocol.messages import Message
from studio.protocol.states import JobState
from studio.runtime.jobs.events import Feed


def bytes_of(events: Iterable[Event]) -> dict[str, int]:
    """Return how many bytes each kind of message takes, its blobs with it."""
    sizes: dict[str, int] = {}

    def take(message: Message, blobs: Sequence[Any]) -> None:
        size = len(frames.encode_body(message)) + sum(flat(blob).nbytes for blob in blobs)
        name = type(message).__name__
        sizes[name] = sizes.get(name, 0) + size

    feed = Feed("job", take)
    for event in events:
        feed.event(event)
    feed.finished(JobState.DONE)
    return sizes
