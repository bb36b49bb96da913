"""Measures tell planted copiers, collapses and baselines from good samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from studio_lab.measures.assessment import (
    Assessment,
    Examples,
    Finding,
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
from studio_lab.measures.two_samples import kid

Digits = tuple[NDArray[np.float64], NDArray[np.int_]]


@pytest.fixture(scope="module")
def digits() -> Digits:
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(pictures))
    return pictures[order].reshape(-1, 1, 8, 8) / 16, labels[order]


@pytest.fixture(scope="module")
def examples(digits: Digits) -> Examples:
    pictures, labels = digits
    features = classifier_features(pictures[:700], labels[:700])
    return Examples(pictures[:700], pictures[700:1200], features)


@pytest.fixture(scope="module")
def references(examples: Examples) -> list[Assessment]:
    return assess_references(examples, 300)


def weights(name: str, samples: NDArray[np.float64], examples: Examples) -> Assessment:
    return assess(name, samples, examples, Role.WEIGHTS)


def test_a_good_sampler_is_called_good(
    digits: Digits, examples: Examples, references: list[Assessment]
) -> None:
    """Real digits that neither split has are what a perfect generator would make."""
    ideal = weights("ideal", digits[0][1200:1500], examples)
    ranked = judged([ideal, *references], examples.distance)
    assert next(each for each in ranked if each.name == "ideal").is_good
    assert ideal.values["classes covered"].value == 1


def test_a_copier_is_exposed(examples: Examples) -> None:
    """Half of its samples are training examples with a little noise, the rest are new."""
    rng = np.random.default_rng(1)
    copied = examples.training[:60] + rng.normal(0, 0.02, (60, 1, 8, 8))
    new = examples.held_out[:240]
    found = weights("copier", np.concatenate([copied, new]), examples)
    assert Finding.COPIES in found.findings
    assert found.copies is not None
    assert list(found.copies.nearest[:60]) == list(range(60))
    assert found.copies.is_copy[:60].mean() > 0.9


def test_a_mean_picture_is_near_to_all_and_no_copy(references: list[Assessment]) -> None:
    """The control: by distance alone it would be the worst copier."""
    blurred = next(each for each in references if each.name.startswith("Gaussian"))
    assert Finding.COPIES not in blurred.findings


def test_a_collapse_is_exposed(digits: Digits, examples: Examples) -> None:
    rng = np.random.default_rng(1)
    few = digits[0][1200:1206]
    samples = few[rng.integers(6, size=300)] + rng.normal(0, 0.03, (300, 1, 8, 8))
    found = weights("collapsed", samples, examples)
    assert Finding.COLLAPSE in found.findings
    assert found.values["recall"].high < 0.3


def test_one_class_alone_is_a_collapse(digits: Digits, examples: Examples) -> None:
    pictures, labels = digits
    ones = weights("ones", pictures[700:][labels[700:] == 1], examples)
    assert Finding.COLLAPSE in ones.findings
    assert ones.values["classes covered"].value < 0.3


def test_what_a_baseline_beats_is_not_good(
    examples: Examples, references: list[Assessment]
) -> None:
    rng = np.random.default_rng(1)
    noise = weights("noise", rng.random((300, 1, 8, 8)), examples)
    ranked = judged([noise, *references], examples.distance)
    assert Finding.BASELINE in next(each for each in ranked if each.name == "noise").findings
    assert ranked[-1].name == "noise"


@pytest.mark.parametrize(
    ("near", "bound", "finding"),
    [
        ((1.83, -3.6, 7.3), (-0.52, -0.6, -0.4), None),  # the bound separates
        ((1.83, -3.6, 7.3), (0.9, 0.8, 1.0), Finding.BASELINE),
        ((1.83, -3.6, 7.3), (0.5, 0.4, 0.7), Finding.UNSURE),
        ((2.0, 1.5, 2.5), (-0.52, -0.6, -0.4), Finding.BASELINE),  # what is looked at first
        ((0.2, 0.1, 0.3), None, None),
        ((1.83, -3.6, 7.3), None, Finding.UNSURE),
    ],
)
def test_a_verdict_follows_the_measure_that_separates(
    near: tuple[float, ...], bound: tuple[float, ...] | None, finding: Finding | None
) -> None:
    values = {"KID": Estimate(*near)} | ({"bound": Estimate(*bound)} if bound else {})
    bar = {"KID": Estimate(1.0, -2.0, 4.0), "bound": Estimate.exact(0.57)}
    rows = [Assessment("flow", Role.WEIGHTS, values), Assessment("plain", Role.BASELINE, bar)]
    flow = next(each for each in judged(rows, "KID", "bound") if each.name == "flow")
    assert flow.findings == ((finding,) if finding else ())


def test_kid_is_near_zero_for_one_source_and_grows_with_distance() -> None:
    rng = np.random.default_rng(0)
    real, same = rng.normal(size=(2, 300, 16))
    near, far = (kid(real, same + shift, rng) for shift in (0.3, 1.0))
    alike = kid(real, same, rng)
    assert alike.low < 0 < alike.high
    assert 0 < near.low < near.high < far.low


def test_vgg_features_tell_noise_from_real_pictures_and_dead_dimensions_do_not_count() -> None:
    """With weights as small as they may be; one channel answers to nothing that is real."""
    rng, source = np.random.default_rng(0), torch.Generator().manual_seed(0)
    tensors, before = {}, 3
    for layer in ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2"):
        tensors[f"conv{layer}.weight"] = torch.randn(6, before, 3, 3, generator=source) / 5
        tensors[f"conv{layer}.bias"] = torch.zeros(6)
        before = 6
    shades = rng.random((120, 3, 1, 1)) * np.linspace(0.2, 1, 24)
    real = np.broadcast_to(shades, (120, 3, 24, 24)).copy()
    features = vgg_features(tensors, real[:60])
    assert features.name == "VGG-16"
    known, held_out, noise = map(features, (real[:60], real[60:], rng.random((60, 3, 24, 24))))
    assert known.shape == (60, 6)
    assert kid(known, noise, rng).value > 5 * abs(kid(known, held_out, rng).value)
    dead = Features.fitted("dead", lambda rows: rows * [1.0, 1e-6], rng.normal(size=(50, 2)))
    assert np.abs(dead(np.array([[0.0, 1000.0]]))).max() < 10


def test_features_say_their_name(digits: Digits) -> None:
    features = component_features(digits[0][:200])
    assert features.name == "64 principal components"
    assert features(digits[0][:5]).shape == (5, 64)
