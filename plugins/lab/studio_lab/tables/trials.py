"""Repeated splits of a table, and what each method does in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

from studio_lab.augmentation.privacy import privacy
from studio_lab.augmentation.trial import TEST_SHARE, WEIGHTS, SyntheticRows, Trial
from studio_lab.datasets.table import Table, Target, joined
from studio_lab.tables.encoder import Encoder, usable
from studio_lab.tables.fidelity import fidelity
from studio_lab.tables.generators import Wanted
from studio_lab.tables.methods import GENERATORS
from studio_lab.tables.utility import ClassifierName, score


def additional(target: Target, rows: int) -> Wanted:
    """Return how many rows of each class are to be added.

    Args:
        rows: How many in all, in the shares that the classes have; 0 for what makes all classes as
            frequent as the most frequent one, or doubles the table where they are.
    """
    counts = np.bincount(target.labels, minlength=len(target.classes))
    missing = counts.max() - counts
    if rows:
        missing = np.maximum(1, np.round(counts / counts.sum() * rows)).astype(int)
    elif missing.sum() < 0.1 * counts.sum():
        missing = counts
    return {label: int(count) for label, count in enumerate(missing)}


def trials(
    table: Table,
    target: Target,
    methods: Sequence[str],
    splits: int,
    classifier: ClassifierName,
    seed: int,
    rows: int = 0,
) -> Iterator[Trial | None]:
    """Yield a trial of each method in each split, and None for steps between them.

    Columns are chosen and encoded, and generators trained, with the rows of training alone.
    """
    draw = StratifiedShuffleSplit(splits, test_size=TEST_SHARE, random_state=seed % 2**32)
    for number, (learned, tested) in enumerate(draw.split(target.labels, target.labels)):
        training, classes = table.at(learned), target.at(learned)
        training = usable(training, classes)
        names = [column.name for column in training.columns]
        encoder = Encoder.fitted(training)
        test = encoder(table.at(tested).only(names))
        training_rows = (encoder(training), classes.labels)
        truth = target.labels[tested]
        real = score(classifier, training_rows, (test, truth))
        similarity = fidelity(training, table.at(tested).only(names))
        share = rows and max(1, round(rows * len(learned) / len(table)))
        for at, method in enumerate(methods):
            yield None
            if method == WEIGHTS:
                weighted = score(classifier, training_rows, (test, truth), weighted=True)
                yield Trial(method, real, weighted)
                continue
            rng = np.random.default_rng((seed, number, at))
            generator = GENERATORS[method]()
            for _ in generator.fit(training, classes, rng):
                yield None
            added, labels = generator.sample(additional(classes, share), rng)
            whole, whole_labels = generator.sample(as_real(classes), rng)
            new = encoder(added)
            both = (
                np.concatenate([training_rows[0], new]),
                np.concatenate([training_rows[1], labels.labels]),
            )
            alone = (encoder(whole), whole_labels.labels)
            yield None
            seen = SyntheticRows(
                score(classifier, alone, (test, truth)),
                fidelity(training, whole),
                similarity,
                privacy(encoder(joined([whole, added])), training_rows[0], test, rng),
            )
            yield Trial(method, real, score(classifier, both, (test, truth)), seen)


def as_real(target: Target) -> Wanted:
    counts = np.bincount(target.labels, minlength=len(target.classes))
    return {label: int(count) for label, count in enumerate(counts)}
