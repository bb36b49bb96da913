"""Runs one job of the plugin, from its parameters to its end."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api.artifacts import NewArtifact, Verdict
from studio.api.params import Params
from studio.api.worker.context import ResultEvent, Task
from studio.plugin_process import messages as m
from studio.plugin_process.inside import steps
from studio.plugin_process.inside.context import Context
from studio.plugin_process.inside.failures import as_info
from studio.plugin_process.inside.wire import Wire
from studio.plugin_process.plain_data import a_kind
from studio.protocol.errors import Cancelled, ErrorCode, StudioError

Contained = BaseException
"""What a plugin may raise without ending its own process: anything, ``SystemExit`` included."""


def run(
    wire: Wire,
    load: m.Load,
    tasks: Mapping[str, Task],
    checks: Mapping[str, Callable[[bytes], Verdict]],
    begin: m.Begin,
    blobs: Sequence[memoryview],
    folder: Path,
) -> m.Ended:
    """Run the task that ``begin`` names and return how it ended."""
    where = f"its task {begin.task}"
    try:
        if begin.task not in tasks:
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The plugin “{load.plugin}” cannot be used: its manifest declares a task "
                f"“{begin.task}” that its worker does not provide.",
                "Update the plugin, or tell its author.",
            )
        params = schema(load.tasks[begin.task]).parse(_with_files(begin, folder))
        context = Context(wire, begin, blobs, folder, checks)
        _drive(wire, _events(load.plugin, begin.task, tasks[begin.task], context, params))
    except Cancelled as stop:
        if wire.stopped:
            return m.Ended(stopped=True)
        message = f"The plugin “{load.plugin}” cancelled its own task {begin.task}."
        hint = as_info(stop, load.plugin, where).hint
        return m.Ended(StudioError(ErrorCode.PLUGIN_FAILED, message, hint).info())
    except Contained as error:
        return m.Ended(as_info(error, load.plugin, where))
    return m.Ended()


def schema(place: str) -> type[Params]:
    """Return the ``Params`` class at ``module:Class``.

    Raises:
        TypeError: It is none.
    """
    module, _, name = place.partition(":")
    schema_class = getattr(importlib.import_module(module), name)
    if not (isinstance(schema_class, type) and issubclass(schema_class, Params)):
        raise TypeError(f"{place} is not a subclass of Params")
    return schema_class


def _with_files(begin: m.Begin, folder: Path) -> dict[str, Any]:
    """Return the parameters with the paths of the files that came along."""
    return begin.params | {
        name: str(folder / "scratch" / file) for name, file in begin.files.items()
    }


def _events(
    plugin: str, task_id: str, task: Task, context: Context, params: Params
) -> Iterator[Any]:
    events = task(context, params)
    if not hasattr(events, "__next__"):
        raise StudioError(
            ErrorCode.PLUGIN_FAILED,
            f"The plugin “{plugin}” made an error: its task {task_id} returned "
            f"{a_kind(events)} and yields no events.",
            "A task must be a generator function with at least one yield.",
        )
    return events


def _drive(wire: Wire, events: Iterator[Any]) -> None:
    """Send each event. A stopped task hands over the results finished by then."""
    try:
        for event in events:
            steps.send(wire, event)
            if wire.stopped:
                _last_words(wire, events)
                raise Cancelled
    finally:
        if isinstance(events, Generator):
            events.close()


def _last_words(wire: Wire, events: Iterator[Any]) -> None:
    if not isinstance(events, Generator):
        return
    try:
        event = events.throw(Cancelled())
        while isinstance(event, NewArtifact | ResultEvent):
            steps.send(wire, event)
            event = next(events)
    except (StopIteration, Cancelled):
        return
