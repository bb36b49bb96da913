"""Checkpoint folders, from which long jobs resume after a kill. Does not touch their content.

A folder for each recipe, by its content and seed: an identical request resumes there. It
goes when the job ends well, when its record is erased, or when it was unused for long.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

KEPT_SECONDS = 30 * 24 * 3600
"""A folder that nobody wrote to for so long is given up."""


class Checkpoints:
    """Those below one folder; each lies in ``TASK/KEY``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(
        self, task: str, params: Mapping[str, Any], seed: int | None, inputs: Mapping[str, str]
    ) -> Path:
        """Return the folder of a recipe, which need not be there.

        Args:
            params: Complete plain data.
            inputs: Name of the input → SHA-256.
        """
        identity = (dict(params), seed, dict(inputs))
        key = hashlib.sha256(msgspec.msgpack.encode(identity, order="sorted")).hexdigest()
        return self._folder / task / key

    def remove(self, place: Path) -> None:
        """Delete a folder; harmless where there is none."""
        shutil.rmtree(place, ignore_errors=True)

    def sweep(self, files_of: Callable[[str], Iterable[Path]]) -> None:
        """Delete what nobody will go on from.

        Args:
            files_of: Task → the places of all recipes of it that the library still has.
        """
        oldest = time.time() - KEPT_SECONDS
        for task in self._folder.glob("*"):
            needed = set(files_of(task.name))
            for place in task.glob("*"):
                if place not in needed or _written(place) < oldest:
                    self.remove(place)


def _written(place: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (place, *place.iterdir()))
    except OSError:
        return 0.0
