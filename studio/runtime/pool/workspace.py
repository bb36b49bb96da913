"""Memory that a job computes in with code of its own: lent like a model, and not kept."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from studio.api.worker.context import Requirements, WeightsFacts
from studio.protocol.messages import WeightsEntry
from studio.runtime.jobs.job import Job
from studio.runtime.pool.leases import Loaded
from studio.runtime.pool.weights_registry import StoredWeights


class _NoLoader:
    """Stands where models have a loader; nothing lies on disk."""

    family = "workspace"

    def recognise(self, path: Path) -> WeightsFacts | None:
        return None

    def measure(self, path: Path) -> Requirements:
        return Requirements(0, 0)

    def load(self, path: Path, device: str) -> Generator[float, None, Any]:
        raise NotImplementedError("a workspace is not loaded")

    def unload(self, loaded: Any) -> None:
        pass


_LOADER: Final = _NoLoader()
_numbers = itertools.count(1)


def workspace(job: Job, bytes: int) -> Loaded:
    """Return a place of ``bytes`` for ``job``, which may have several at once."""
    entry = WeightsEntry(f"workspace {next(_numbers)} of {job.id}", "", title=job.owner)
    needs = Requirements(0, bytes)
    return Loaded(StoredWeights(entry, _LOADER, needs, ""), None, "", needs, is_model=False)
