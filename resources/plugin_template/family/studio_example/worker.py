"""The half that computes: tasks and weights. It runs in the runtime, where Qt is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio.api import Loader, Task, hookimpl
from studio_example.tasks import shuffle
from studio_example.weights import LOADER, rate


@hookimpl
def studio_tasks() -> Mapping[str, Task]:
    """Task id → generator function; the ids are those of the manifest."""
    return {"example.shuffle": shuffle, "example.rate": rate}


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """The families of weights that are ours."""
    return [LOADER]
