"""A bench of a plugin, as ``studio bench`` runs it: measures, prints and judges nothing.

A bench is a module that the manifest names under ``benches``, with a function
``measure(ctx: BenchContext) -> Mapping[str, Any]``. It runs in a process of its own command, so it
may import what a worker may. What it returns is plain data, told in that order: ``ratio`` first
where the bench compares two ways in one run, then the figures behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class BenchContext(Protocol):
    """All that a bench gets of the studio."""

    @property
    def scratch(self) -> Path:
        """A folder of this run, emptied when it ends."""
        ...

    def say(self, text: str) -> None:
        """Tell who waits what happens now; one line, never part of the figures."""
        ...

    def weights_path(self, weights: str) -> Path:
        """Return where ``weights`` lie on disk.

        Raises:
            StudioError: There are none of that name, or they cannot be used; says why.
        """
        ...

    def weights_for(self, capability: str, prefer: str = "") -> str:
        """Return the id of the weights that a task would take where none are named.

        Raises:
            StudioError: There are none.
        """
        ...

    def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Run a task of the studio to its end, as a page does, and return its result.

        Nothing of it is kept. The runtime is started by the first call and lives as long as the
        bench.

        Raises:
            StudioError: It failed; says why.
        """
        ...
