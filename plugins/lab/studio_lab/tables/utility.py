"""Scores of a classifier trained on real rows, on synthetic ones, and on both."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, balanced_accuracy_score

from studio_lab.augmentation.trial import Scores
from studio_lab.measures.distances import Vectors

ClassifierName = Literal["logistic regression", "gradient boosting"]


def score(
    kind: ClassifierName,
    training: tuple[Vectors, NDArray[np.int_]],
    test: tuple[Vectors, NDArray[np.int_]],
    weighted: bool = False,
) -> Scores:
    """Train a classifier and return how well it does on the test rows.

    The average precision is that of the rarer of two classes, or the mean over more: it asks how
    the rows are ordered and not where the line is drawn. The balanced accuracy asks where, too.

    Args:
        training, test: Encoded rows and class numbers.
        weighted: Give each class the same weight.
    """
    rows, labels = training
    if len(np.unique(labels)) < 2:  # synthetic rows of one class teach nothing
        return {"average precision": 0.0, "balanced accuracy": 1 / max(2, len(np.unique(test[1])))}
    classifier = _classifier(kind, weighted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps that did not suffice: the score says it
        classifier.fit(rows, labels)
    chances, truth = classifier.predict_proba(test[0]), test[1]
    predicted = classifier.classes_[chances.argmax(1)]
    return {
        "average precision": average_precision(chances, classifier.classes_, truth),
        "balanced accuracy": float(balanced_accuracy_score(truth, predicted)),
    }


def _classifier(kind: ClassifierName, weighted: bool) -> Any:
    weights = "balanced" if weighted else None
    if kind == "gradient boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=60, min_samples_leaf=5, class_weight=weights, random_state=0
        )
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300, class_weight=weights)


def average_precision(
    chances: Vectors, classes: NDArray[np.int_], truth: NDArray[np.int_]
) -> float:
    """Return that of the rarer of two classes, or the mean over more.

    Args:
        chances: (n, classes), of each row.
        classes: What the columns stand for.
    """
    labels, counts = np.unique(truth, return_counts=True)
    scored = labels if len(labels) > 2 else labels[[counts.argmin()]]
    column = {int(label): at for at, label in enumerate(classes)}
    return float(
        np.mean(
            [
                average_precision_score(
                    truth == label,
                    chances[:, column[int(label)]]
                    if int(label) in column
                    else np.zeros(len(truth)),
                )
                for label in scored
            ]
        )
    )
