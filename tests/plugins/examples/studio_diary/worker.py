"""The tasks of the diary."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import Event, Kind, TaskContext, hookimpl
from studio_diary.schema import Note, Nothing, Search


@hookimpl
def studio_tasks():
    return {"diary.note": note, "diary.search": search, "diary.ready": ready}


def note(ctx: TaskContext, params: Note) -> Iterator[Event]:
    """Keep a note."""
    yield ctx.artifact(Kind.TEXT, params.words.encode(), suffix=".txt", text=params.words)
    yield ctx.result(words=len(params.words.split()), mood=params.mood)


def search(ctx: TaskContext, params: Search) -> Iterator[Event]:
    """Tell what is in the library, newest first, and how the first of it begins."""
    found = ctx.library.find(params.words, [params.kind] if params.kind else [], limit=10)
    yield ctx.text("".join(f"{each.kind}: {each.title}\n" for each in found))
    begins = ctx.library.read(found[0])[:10].decode("utf-8", "replace") if found else ""
    yield ctx.result(titles=[each.title for each in found], begins=begins)


def ready(ctx: TaskContext, params: Nothing) -> Iterator[Event]:
    """Look whether notes could be kept."""
    lost = ctx.scratch / "ink.txt"
    lost.write_text("ink")
    written = lost.read_text() == "ink"
    yield ctx.result(
        ok=written,
        message="notes can be written." if written else "nothing can be written.",
        hint="" if written else "Free up disk space.",
    )
