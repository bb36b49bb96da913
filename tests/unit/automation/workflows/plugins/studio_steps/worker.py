"""What a runtime would compute; ``talker.Talker`` does it without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studio.api import Event, Kind, Loader, TaskContext, hookimpl
from studio_steps.schema import Write


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"steps.write": write}


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    return []


def write(ctx: TaskContext, params: Write) -> Iterator[Event]:
    text = " ".join([params.prompt] * params.times)
    yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".txt", text=text)
