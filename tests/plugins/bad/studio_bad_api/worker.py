"""Runtime half of a plugin for tests; harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Event, TaskContext, hookimpl
from studio_bad_api.schema import Nothing


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"bad_api.run": run}


def run(ctx: TaskContext, params: Nothing) -> Iterator[Event]:
    yield ctx.result(ran=True)
