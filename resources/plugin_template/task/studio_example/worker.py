"""The half that computes: which tasks there are. It runs in the runtime, where Qt is not."""

from __future__ import annotations

from collections.abc import Mapping

from studio.api import Task, hookimpl
from studio_example.tasks import shuffle


@hookimpl
def studio_tasks() -> Mapping[str, Task]:
    """Task id → generator function; the ids are those of the manifest."""
    return {"example.shuffle": shuffle}
