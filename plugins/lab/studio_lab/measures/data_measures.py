"""The measures of what networks made, on the data set that they learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from studio.api import BadInput
from studio_lab.datasets.dataset import Dataset
from studio_lab.measures.assessment import (
    Assessment,
    Examples,
    Role,
    assess,
    assess_references,
    judged,
)
from studio_lab.measures.estimates import Estimate
from studio_lab.measures.features import (
    Features,
    classifier_features,
    component_features,
    vgg_features,
)
from studio_lab.measures.vector_baselines import GaussianComponents

BOUND = "bound (nats per dimension)"
FEWEST = 20
"""Samples without which nothing is measured."""

MOST_TRAINING = 5000
_SMALLEST_FOR_VGG = 24
_FEWEST_A_CLASS = 20


@dataclass(frozen=True)
class SampleSet:
    """Samples of one network.

    Attributes:
        rows: (n, …) as the network gives them: pictures from −1 to 1, tables standardised.
        bound: Of each test row, in nats per dimension; None where the network has none.
    """

    name: str
    rows: NDArray[Any]
    bound: NDArray[np.float64] | None = None


def measured(
    data: Dataset, samples: Sequence[SampleSet], seed: int, vgg: Mapping[str, Tensor] | None = None
) -> tuple[str, list[Assessment]]:
    """Return the name of the measure that decides, and all sets of samples, the best first.

    Training examples and plain baselines are among them. Held-out are the rows of validation and
    test, which no network learned from.

    Args:
        seed: Of every draw of a measure.
        vgg: The tensors of the weights *VGG-16 features*, where they are there: used for pictures
            in colour of 24 pixels or more.

    Raises:
        BadInput: The data set has other than pictures or tables, or too few rows.
    """
    count = min(len(entry.rows) for entry in samples)
    fewest = min(count, len(data.split.validation) + len(data.split.test))
    if fewest < FEWEST:
        raise BadInput(
            f"There are {fewest} samples or held-out examples; {FEWEST} are the least to compare.",
            "Take more samples, or a larger data set.",
        )
    examples = examples_of(data, seed, vgg)
    assessments = [_with_bound(_assessed(data, entry, examples), entry.bound) for entry in samples]
    references = assess_references(examples, count)
    bar = np.array([_baseline_bound(data, seed)])
    references = [
        _with_bound(entry, bar if entry.name == GaussianComponents.name else None)
        for entry in references
    ]
    return examples.distance, judged([*assessments, *references], examples.distance, BOUND)


def examples_of(data: Dataset, seed: int, vgg: Mapping[str, Tensor] | None = None) -> Examples:
    """Return the rows of a data set as they are measured, with features that suit them."""
    if data.shape.kind not in ("pictures", "table"):
        raise BadInput(f"“{data.title}” has no pictures or rows of a table to measure.")
    training = training_rows(data)
    held_out = np.concatenate([data.split.validation, data.split.test])[:MOST_TRAINING]
    return Examples(
        training, _scaled(data, data.rows[held_out]), _features(data, training, vgg), seed
    )


def training_rows(data: Dataset) -> NDArray[np.float64]:
    """Return the training rows as they are measured: ``Copies.nearest`` counts these."""
    return _scaled(data, data.rows[data.split.training[:MOST_TRAINING]])


def _features(
    data: Dataset, training: NDArray[np.float64], vgg: Mapping[str, Tensor] | None
) -> Features:
    if len(data.labels):
        labels = data.labels[data.split.training[:MOST_TRAINING]]
        counts = np.bincount(labels)
        if (counts > 0).sum() > 1 and counts[counts > 0].min() >= _FEWEST_A_CLASS:
            return classifier_features(training, labels)
    shape = data.shape
    is_large = min(shape.height, shape.width) >= _SMALLEST_FOR_VGG and shape.channels == 3
    return vgg_features(vgg, training) if vgg and is_large else component_features(training)


def _scaled(data: Dataset, rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return rows of a data set as they are measured: pictures in 0…1."""
    if data.shape.kind == "pictures":
        return np.asarray(rows / (data.shape.levels - 1), np.float64)
    return np.asarray(rows, np.float64)


def as_measured(data: Dataset, rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return samples in the scale of the examples, quantised to their levels."""
    if data.shape.kind != "pictures":
        return np.asarray(np.nan_to_num(rows), np.float64)
    top = data.shape.levels - 1
    return np.asarray((np.nan_to_num(rows) + 1) / 2 * top).round().clip(0, top) / top


def _assessed(data: Dataset, samples: SampleSet, examples: Examples) -> Assessment:
    return assess(samples.name, as_measured(data, samples.rows), examples, Role.WEIGHTS)


def _with_bound(assessment: Assessment, bound: NDArray[np.float64] | None) -> Assessment:
    if bound is None:
        return assessment
    reach = 1.96 * float(bound.std()) / max(1, len(bound)) ** 0.5
    mean = float(bound.mean())
    return replace(
        assessment, values={BOUND: Estimate(mean, mean - reach, mean + reach), **assessment.values}
    )


def _baseline_bound(data: Dataset, seed: int) -> float:
    """Return the bound of the Gaussian baseline on the test rows.

    Whole levels of pictures get noise of one level: the density then is a bound of their likelihood
    (Theis et al. 2016), so that it can stand beside that of a network.
    """
    rows = data.rows.astype(np.float64)
    if data.shape.kind == "pictures":
        rows += np.random.default_rng(seed).random(rows.shape)
    training = rows[data.split.training[:MOST_TRAINING]]
    return GaussianComponents(training).nats_per_dimension(rows[data.split.test])
