"""Summarise the trials of a method, in a word and in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from studio_lab.augmentation.trial import TEST_SHARE, WEIGHTS, ScoreName, Trial
from studio_lab.measures.copies import exceeds, expected_share
from studio_lab.measures.estimates import Estimate, corrected
from studio_lab.schema.names import METHODS

NEGLIGIBLE = 0.05
"""Of a score from 0 to 1: a change that is surely smaller counts for nothing."""

MEMBERSHIP = 0.55
"""An attack that is surely above this area is more than chance and rounding."""


class Effect(StrEnum):
    """What synthetic rows do to a classifier, or that they give real rows away."""

    HELPS = "helps"
    NONE = "no effect"
    UNSURE = "cannot tell"
    HARMS = "harms"
    LEAKS = "leaks"


@dataclass(frozen=True)
class RowsOutcome:
    """Measures of the rows of one method, over all splits.

    Attributes:
        alone: Gain of the score with synthetic rows alone over real rows alone.
        membership: Area of the membership attack: 0.5 is chance.
        copies: Share of copies among the rows; see ``measures.copies``.
        nearer: Share of rows that lie nearer to a row of training than to a held-out one.
        fidelity, similarity: Mean similarity of columns, and that of held-out rows.
        pairs: Mean similarity of pairs of columns; NaN where there are none.
        expected: The share of copies that held-out rows would have.
    """

    alone: Estimate
    membership: Estimate
    copies: Estimate
    nearer: float
    fidelity: float
    pairs: float
    similarity: float
    expected: float

    @property
    def leaks(self) -> bool:
        """Whether they give away the rows that they were made from."""
        return self.membership.low > MEMBERSHIP or exceeds(self.copies, self.expected)


@dataclass(frozen=True)
class Outcome:
    """All trials of one method.

    Attributes:
        score: What decides.
        real: Its mean after training on real rows alone.
        gains: Of every score, of real rows with the method over real rows alone.
        rows: Of what it made; None for class weights.
    """

    method: str
    score: ScoreName
    real: float
    gains: Mapping[ScoreName, Estimate]
    rows: RowsOutcome | None = None

    @property
    def gain(self) -> Estimate:
        """The gain of the score that decides."""
        return self.gains[self.score]

    @property
    def title(self) -> str:
        """The name of the method, for a person."""
        return METHODS[self.method]

    @property
    def effect(self) -> Effect:
        """Effect on the classifier, regardless of leaks."""
        if self.gain.low > 0:
            return Effect.HELPS
        if self.gain.high < 0:
            return Effect.HARMS
        is_small = max(-self.gain.low, self.gain.high) <= NEGLIGIBLE
        return Effect.NONE if is_small else Effect.UNSURE

    @property
    def leaks(self) -> bool:
        """Whether its rows give away those that it was made from."""
        return self.rows is not None and self.rows.leaks

    @property
    def verdict(self) -> Effect:
        """The verdict; a leak outranks the effect."""
        return Effect.LEAKS if self.leaks else self.effect

    def sentence(self, splits: int) -> str:
        """Return the verdict as a sentence or two."""
        gain = f"{self.gain.value:+.3f} ({self.gain.low:+.3f} to {self.gain.high:+.3f})"
        what = {
            Effect.HELPS: "helps",
            Effect.HARMS: "harms",
            Effect.NONE: f"shows no measurable effect over {splits} splits",
            Effect.UNSURE: f"may help or harm, {splits} splits cannot tell",
        }[self.effect]
        text = f"{what}: {self.score} changes by {gain} from {self.real:.3f} with real data alone."
        if not self.rows or not self.rows.leaks:
            return f"{self.title} {text}"
        return (
            f"{self.title} leaks: its rows tell which real rows it learned from (area of the "
            f"membership attack {self.rows.membership.value:.2f}, where 0.5 is chance; "
            f"{self.rows.copies.value:.0%} are copies). Do not pass them on. For training it {text}"
        )


def outcomes(trials: Sequence[Trial], score: ScoreName) -> list[Outcome]:
    """Return the outcome of each method, in the order of the trials.

    Intervals are corrected after Bonferroni, since the best of several methods looks better than it
    is.
    """
    methods = list(dict.fromkeys(trial.method for trial in trials))
    tried = max(1, sum(method != WEIGHTS for method in methods))
    confidence = 1 - 0.05 / tried
    return [
        _outcome([trial for trial in trials if trial.method == method], score, confidence)
        for method in methods
    ]


def _outcome(own: Sequence[Trial], score: ScoreName, confidence: float) -> Outcome:
    def mean(values: Iterable[float]) -> Estimate:
        return corrected(np.array(list(values)), TEST_SHARE, confidence)

    names = list(own[0].real)
    gains = {
        name: mean(trial.augmented[name] - trial.real[name] for trial in own) for name in names
    }
    real = float(np.mean([trial.real[score] for trial in own]))
    synthetic = [(trial.real[score], trial.rows) for trial in own if trial.rows]
    rows = None
    if synthetic:
        rows = RowsOutcome(
            mean(trial.alone[score] - usual for usual, trial in synthetic),
            mean(trial.privacy.membership for _, trial in synthetic),
            mean(trial.privacy.copies for _, trial in synthetic),
            float(np.mean([trial.privacy.nearer for _, trial in synthetic])),
            float(np.mean([trial.fidelity.mean for _, trial in synthetic])),
            float(np.mean([trial.fidelity.pairs for _, trial in synthetic])),
            float(np.mean([trial.similarity.mean for _, trial in synthetic])),
            expected_share(min(len(trial.privacy.yardstick) for _, trial in synthetic)),
        )
    return Outcome(own[0].method, score, real, gains, rows)


def recommended(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the best method that makes rows: the highest gain of those that do not leak."""
    candidates = [outcome for outcome in outcomes if outcome.method != WEIGHTS]
    return max(candidates, key=lambda outcome: (not outcome.leaks, outcome.gain.value))
