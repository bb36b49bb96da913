"""Find columns that leak the target: recorded after it, or a copy of it."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from studio_lab.datasets.table import Table, Target
from studio_lab.tables.encoder import Encoder

ALONE = 0.99
"""Balanced accuracy from which one column alone is suspected."""

ENOUGH = 2000
"""Rows that are looked at, at most."""


def leaking_columns(table: Table, target: Target) -> list[str]:
    """Return the columns of which a small decision tree alone tells nearly every class.

    Args:
        table: Usable columns only.
    """
    if len(table) > ENOUGH:
        some = np.random.default_rng(0).permutation(len(table))[:ENOUGH]
        table, target = table.at(some), target.at(some)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    leaks = []
    for column in table.columns:
        rows = Encoder.fitted(alone := table.only([column.name]))(alone)
        tree = DecisionTreeClassifier(max_depth=6, class_weight="balanced", random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predicted = cross_val_predict(tree, rows, target.labels, cv=folds)
        if balanced_accuracy_score(target.labels, np.asarray(predicted)) >= ALONE:
            leaks.append(column.name)
    return leaks
