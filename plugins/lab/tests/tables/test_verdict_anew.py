"""The verdict on a known table holds when the table is split again."""

from __future__ import annotations

import pytest

from benchmarks.lab.tables import SCORES, rare_cancer
from studio_lab.augmentation.trial import WEIGHTS, Trial
from studio_lab.augmentation.verdict import Effect, outcomes
from studio_lab.tables.trials import trials

METHODS = (WEIGHTS, "smote", "copula", "noise")


def tried(splits: int, seed: int) -> list[Trial]:
    running = trials(*rare_cancer(0), METHODS, splits, "logistic regression", seed)
    return [each for each in running if each]


@pytest.mark.slow
def test_ten_splits_say_what_ten_others_said() -> None:
    """Breast cancer at 5 %: too few positives to gain from rows, and SMOTE gives real ones away."""
    first, anew = tried(10, 1), tried(10, 2)
    for score in SCORES:
        ours, theirs = outcomes(first, score), outcomes(anew, score)
        for one, other in zip(ours, theirs, strict=True):
            assert one.verdict is other.verdict or Effect.UNSURE in (one.verdict, other.verdict)
        verdicts = {each.method: each.verdict for each in ours}
        assert verdicts["smote"] is verdicts["noise"] is Effect.LEAKS
        for method in ("copula", WEIGHTS):
            assert verdicts[method] in (Effect.NONE, Effect.UNSURE)
