"""Pictures with classes: changed or made ones beside the real ones, in repeated splits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedShuffleSplit

from studio_lab.augmentation.picture_network import Pictures, network_scores
from studio_lab.augmentation.privacy import privacy
from studio_lab.augmentation.trial import TEST_SHARE, Scores, SyntheticRows, Trial
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.table import Column, Table, Target
from studio_lab.measures.distances import Vectors, flat
from studio_lab.tables.fidelity import fidelity
from studio_lab.tables.methods import GENERATORS
from studio_lab.tables.trials import additional, as_real
from studio_lab.tables.utility import ClassifierName, score
from studio_lab.training.augmentation import augmented
from studio_lab.training.randomness import generator

JudgeName = ClassifierName | Literal["network"]
COPIES = 2
"""Changed pictures for each real one."""
COMPONENTS = 48
MOST = 1000
FEWEST = 20
"""Pictures of a class."""
CHANGES = ("shift", "flip", "turn")
MADE = ("vae", "copula", "smote")
"""Methods that make pictures: they learn and write principal components."""


class Components:
    """Pictures as their principal components, scaled together, and back.

    Args:
        pictures: (n, …) in 0…1.
    """

    def __init__(self, pictures: NDArray[np.float64]) -> None:
        rows = flat(pictures)
        count = min(COMPONENTS, len(rows) - 1, rows.shape[1])
        self._shape = pictures.shape[1:]
        self._pca = PCA(count, svd_solver="randomized", random_state=0).fit(rows)
        self._scale = float(np.sqrt(self._pca.explained_variance_.mean())) or 1.0

    def __call__(self, pictures: NDArray[np.float64]) -> Vectors:
        """Return (n, d) components."""
        return np.asarray(self._pca.transform(flat(pictures)) / self._scale)

    def pictures(self, rows: Vectors) -> NDArray[np.float64]:
        """Return the pictures in 0…1 that components stand for."""
        whole = self._pca.inverse_transform(rows * self._scale)
        return np.asarray(whole.clip(0, 1).reshape(-1, *self._shape))


def as_table(rows: Vectors) -> Table:
    """Return components as a table."""
    columns = (Column(f"component {n}", "number", column, decimals=6)
               for n, column in enumerate(rows.T, 1))  # fmt: skip
    return Table(tuple(columns))


def trials(
    data: Dataset,
    methods: Sequence[str],
    splits: int,
    classifier: JudgeName,
    seed: int,
    rows: int = 0,
) -> Iterator[Trial | None]:
    """Yield a trial of each method in each split, and None for steps between them.

    Classifiers see principal components of the pictures of training, a network the pictures.
    Changed pictures are twice as many as the real ones.
    """
    pictures, labels = scaled(data), data.labels
    draw = StratifiedShuffleSplit(splits, test_size=TEST_SHARE, random_state=seed % 2**32)
    for number, (learned, tested) in enumerate(draw.split(labels, labels)):
        target = Target("class", labels[learned], data.classes)
        components = Components(pictures[learned])
        training, test = components(pictures[learned]), components(pictures[tested])
        judge = _Judge(classifier, components, (pictures[tested], labels[tested]), data, seed)
        real = judge(pictures[learned], target.labels)
        for at, method in enumerate(methods):
            yield None
            if method in CHANGES:
                more = changed(pictures[learned], method, (seed, number, at))
                both = np.concatenate([pictures[learned], more])
                yield Trial(method, real, judge(both, np.tile(target.labels, COPIES + 1)))
                continue
            rng = np.random.default_rng((seed, number, at))
            makes, table = GENERATORS[method](), as_table(training)
            for _ in makes.fit(table, target, rng):
                yield None
            added, added_labels = makes.sample(additional(target, rows), rng)
            whole, whole_labels = makes.sample(as_real(target), rng)
            new, alone = (components.pictures(part.cells()) for part in (added, whole))
            both = np.concatenate([pictures[learned], new])
            both_labels = np.concatenate([target.labels, added_labels.labels])
            yield None
            seen = SyntheticRows(
                judge(alone, whole_labels.labels),
                fidelity(table, as_table(components(alone))),
                fidelity(table, as_table(test)),
                privacy(components(np.concatenate([alone, new])), training, test, rng),
            )
            yield Trial(method, real, judge(both, both_labels), seen)


class _Judge:
    """Learns from pictures, and tells the classes of others."""

    def __init__(
        self, name: JudgeName, components: Components, test: Pictures, data: Dataset, seed: int
    ) -> None:
        """``test``: the test pictures; ``components``: a classifier's features of pictures."""
        self._name, self._components, self._test = name, components, test
        self._classes, self._seed = len(data.classes), seed

    def __call__(self, pictures: NDArray[np.float64], labels: NDArray[np.int_]) -> Scores:
        """Return how well it does after these."""
        if self._name == "network":
            return network_scores((pictures, labels), self._test, self._classes, self._seed)
        tested, truth = self._test
        training = (self._components(pictures), labels)
        return score(self._name, training, (self._components(tested), truth))


def scaled(data: Dataset) -> NDArray[np.float64]:
    """Return the pictures of a data set in 0…1."""
    return np.asarray(data.rows / (data.shape.levels - 1), np.float64)


def changed(pictures: NDArray[np.float64], how: str, place: tuple[int, ...]) -> NDArray[np.float64]:
    """Return pictures changed as in training, all of them, ``COPIES`` times over.

    Args:
        place: What the draws follow from.
    """
    seed, *rest = place
    x = torch.from_numpy(pictures).float()
    copies = [augmented(x, how, generator("cpu", seed, *rest, copy)) for copy in range(COPIES)]
    return torch.cat(copies).double().numpy()
