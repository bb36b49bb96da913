"""One method in one split: the basis of all verdicts, for any kind of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from studio_lab.augmentation.privacy import Privacy

ScoreName = Literal["average precision", "balanced accuracy", "forecast skill"]
Scores = Mapping[ScoreName, float]
"""Each the higher, the better."""

TEST_SHARE = 0.3
"""Of the rows that each split tests on."""

WEIGHTS = "weights"
"""The method that makes no rows: classes weighted by how rare they are."""


@dataclass(frozen=True)
class Fidelity:
    """Similarity of two sets of rows, 0 to 1.

    Attributes:
        columns: Of each column, or of each aspect of what is no table, by its name.
        pairs: Mean over pairs of columns of one kind; NaN where there is no such pair.
    """

    columns: dict[str, float]
    pairs: float = float("nan")

    @property
    def mean(self) -> float:
        """The mean over columns."""
        return float(np.mean(list(self.columns.values()))) if self.columns else 0.0


@dataclass(frozen=True)
class SyntheticRows:
    """Measures of the rows that a method generated in one split.

    Attributes:
        alone: Scores after training on synthetic rows alone.
        fidelity, similarity: Of synthetic rows, and of held-out rows, to those of training.
    """

    alone: Scores
    fidelity: Fidelity
    similarity: Fidelity
    privacy: Privacy


@dataclass(frozen=True)
class Trial:
    """Scores of one method in one split, on held-out real rows.

    Attributes:
        real, augmented: Scores after training on real rows, and on these with the method.
        rows: Measures of its rows; None for methods without rows, such as class weights.
    """

    method: str
    real: Scores
    augmented: Scores
    rows: SyntheticRows | None = None
