"""Progress reports of a running search, and its stopping criterion. Searches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio_molecules.goals.scores import Judge, Scored

SHOWN = 8
"""Of the best, how many are told with their structure."""
_BEST = 100
_GAIN = 1e-4


def curve(judge: Judge) -> dict[str, Any]:
    """Return a point of the curve: best score, mean and scaffolds of the best hundred, and the top.

    ``top`` lists SMILES, score, and how many were scored when it was found.
    """
    best = judge.best(_BEST)
    return {
        "scored": len(judge.seen),
        "best": judge.top,
        "mean": mean(best),
        "scaffolds": len({scored.scaffold for scored in best}),
        "top": [
            [scored.smiles, scored.score, scored.step]
            for scored in best[:SHOWN]
            if scored.score > 0
        ],
    }


def mean(best: Sequence[Scored]) -> float:
    """Return the mean score."""
    return sum(scored.score for scored in best) / max(1, len(best))


@dataclass
class Contentment:
    """Decides when a search has found enough.

    Attributes:
        score: It has, once the best reaches this; 0 for never.
        without_gain: Or once so many molecules in a row made neither the best nor the mean of the
            best hundred better; 0 for never.
    """

    score: float = 0.0
    without_gain: int = 0
    _top: float = 0.0
    _mean: float = 0.0
    _since: int = 0

    def reached(self, judge: Judge) -> str:
        """Return why it has, as a sentence; empty if it has not."""
        if 0 < self.score <= judge.top:
            return f"The best molecule has reached a score of {self.score:g}."
        reached = mean(judge.best(_BEST)) if self.without_gain else 0.0
        if judge.top > self._top + _GAIN or reached > self._mean + _GAIN:
            self._top, self._mean, self._since = judge.top, reached, len(judge.seen)
        if self.without_gain and len(judge.seen) - self._since >= self.without_gain:
            return f"Nothing better came of the last {self.without_gain:,} molecules."
        return ""
