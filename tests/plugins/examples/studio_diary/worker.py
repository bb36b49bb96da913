"""The tasks of the diary."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import Event, Kind, TaskContext, hookimpl
from studio_diary.schema import Note


@hookimpl
def studio_tasks():
    return {"diary.note": note}


def note(ctx: TaskContext, params: Note) -> Iterator[Event]:
    """Keep a note."""
    yield ctx.artifact(Kind.TEXT, params.words.encode(), suffix=".txt", text=params.words)
    yield ctx.result(words=len(params.words.split()), mood=params.mood)
