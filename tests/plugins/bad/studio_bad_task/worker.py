"""Runtime half whose task raises in the middle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Event, TaskContext, hookimpl
from studio_bad_task.schema import Nothing


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"bad_task.run": run}


def run(ctx: TaskContext, params: Nothing) -> Iterator[Event]:
    yield ctx.progress(1, 2)
    raise ZeroDivisionError("half way")
