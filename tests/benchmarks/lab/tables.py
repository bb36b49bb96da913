"""Whether the verdict on a table holds when it is split anew: breast cancer at 5 % positives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from studio.api import BenchContext
from studio_lab.augmentation.trial import WEIGHTS, ScoreName, Trial
from studio_lab.augmentation.verdict import Outcome, outcomes
from studio_lab.datasets.table import Column, Table, Target
from studio_lab.tables.methods import GENERATORS
from studio_lab.tables.trials import trials

METHODS = (WEIGHTS, *GENERATORS)
SPLITS, SPLITS_ANEW = 10, 20
SCORES: tuple[ScoreName, ...] = ("average precision", "balanced accuracy")


def rare_cancer(seed: int, positives: int = 19) -> tuple[Table, Target]:
    """Return 357 benign and 19 malignant cases: 5 % are positive."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    malignant = np.random.default_rng(seed).permutation(np.flatnonzero(data.target == 0))
    kept = np.concatenate([np.flatnonzero(data.target == 1), malignant[:positives]])
    labels = (data.target[kept] == 0).astype(int)
    columns = (
        Column(str(name), "number", values, decimals=4)
        for name, values in zip(data.feature_names, data.data[kept].T)
    )
    return Table(tuple(columns)), Target("diagnosis", labels, ("benign", "malignant"))


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Give verdicts from 10 splits, and compare them with those from 20 others."""
    table, target = rare_cancer(0)
    ctx.say(f"Verdicts from {SPLITS} splits, then from {SPLITS_ANEW} others")
    first = _tried(table, target, SPLITS, 1)
    anew = _tried(table, target, SPLITS_ANEW, 2)
    figures: dict[str, Any] = {}
    agreeing, asked = 0, 0
    for score in SCORES:
        for ours, theirs in zip(outcomes(first, score), outcomes(anew, score)):
            agreeing += ours.verdict == theirs.verdict
            asked += 1
            figures[f"{ours.method}, {score}"] = f"{_told(ours)}; split again {_told(theirs)}"
    return {"ratio": agreeing / asked, "agreeing": f"{agreeing} of {asked}", **figures}


def _tried(table: Table, target: Target, splits: int, seed: int) -> list[Trial]:
    running = trials(table, target, METHODS, splits, "logistic regression", seed)
    return [each for each in running if each]


def _told(each: Outcome) -> str:
    return f"{each.verdict} {each.gain}"
