"""Measurements so far, in a file that survives a kill. Plain data, written atomically."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from studio_lab.scaling.grid import Measured, Point

NAME = "points.json"
FORMAT = "lab-scaling/1"


class PointsFile:
    """The trainings of one grid.

    Attributes:
        step_seconds: How long a step takes, of each width; empty until that was measured.
        parameters: How many numbers a network of each width learns.
        points: Key of a training → what came of it.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        """Load the measurements of the same ``recipe``; ignore any other."""
        self._path, self._recipe = folder / NAME, [FORMAT, recipe]
        self.step_seconds: list[float] = []
        self.parameters: list[int] = []
        self.points: dict[str, Measured] = {}
        try:
            saved = json.loads(self._path.read_bytes())
            if saved["recipe"] == self._recipe:
                points = {key: Measured(**fields) for key, fields in saved["points"].items()}
                self.step_seconds = list(map(float, saved["step_seconds"]))
                self.parameters, self.points = list(map(int, saved["parameters"])), points
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # none yet, or one of another version

    def keep_times(self, step_seconds: Sequence[float], parameters: Sequence[int]) -> None:
        """Keep how long a step takes: the grid is planned by it, and must stay the same."""
        self.step_seconds, self.parameters = list(step_seconds), list(parameters)
        self._write()

    def keep(self, point: Point, measured: Measured) -> None:
        """Save the measurement of a training."""
        self.points[point.key] = measured
        self._write()

    def _write(self) -> None:
        """Put a new file in the place of the old one.

        Raises:
            OSError: The disk refused; the old one is still there.
        """
        new = self._path.with_suffix(".new")
        points = {key: asdict(point) for key, point in self.points.items()}
        content = {
            "recipe": self._recipe,
            "step_seconds": self.step_seconds,
            "parameters": self.parameters,
            "points": points,
        }
        with new.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._path)
