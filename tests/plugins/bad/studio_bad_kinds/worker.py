"""Runtime half whose results are of the kind it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Event, TaskContext, hookimpl
from studio_bad_kinds.schema import Default, Make


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"bad_kinds.run": run, "bad_kinds.default": default}


def run(ctx: TaskContext, params: Make) -> Iterator[Event]:
    yield ctx.artifact(params.kind, b"made", suffix=".txt", text="made")


def default(ctx: TaskContext, params: Default) -> Iterator[Event]:
    yield ctx.result(n=params.n)
