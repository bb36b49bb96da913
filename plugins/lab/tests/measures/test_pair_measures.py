"""Targets that a network writes are measured against the right ones, and against doing nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.examples import swaps
from studio_lab.measures.assessment import Assessment
from studio_lab.measures.data_measures import SampleSet
from studio_lab.measures.pair_measures import (
    COPY,
    ERRORS,
    FREQUENT,
    PERPLEXITY,
    chrf,
    edits,
    measured_pairs,
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return swaps()[0]


@pytest.fixture(scope="module")
def found(data: Dataset) -> dict[str, Assessment]:
    sources, targets = data.rows[data.split.test].swapaxes(0, 1)
    same = np.full(len(targets), 0.01)
    made = [
        SampleSet("speller", targets, same),
        SampleSet("parrot", sources),
        SampleSet("stuck", np.repeat(targets[:1], len(targets), 0), same * 100),
    ]
    measure, rows = measured_pairs(data, made, 0)
    assert measure == ERRORS
    return {each.name: each for each in rows}


def test_what_is_right_is_good_and_best(data: Dataset, found: dict[str, Assessment]) -> None:
    speller = found["speller"]
    assert next(iter(found)) == "speller"
    assert speller.is_good
    assert speller.values[ERRORS].value == 0
    assert speller.values["exact matches"].value == speller.values["chrF"].value == 1
    length = np.mean([(row > 0).sum() + 1 for row in data.rows[data.split.test, 1]])
    expected = math.exp(0.01 * data.shape.length / length)
    assert speller.values[PERPLEXITY].value == pytest.approx(expected)


def test_a_copy_of_the_source_and_one_answer_to_all_are_exposed(
    found: dict[str, Assessment],
) -> None:
    assert found["parrot"].findings == ("unsure",), "it is the baseline"
    assert found["parrot"].values[ERRORS] == found[COPY].values[ERRORS]
    assert PERPLEXITY not in found["parrot"].values
    assert set(found["stuck"].findings) == {"collapse", "baseline"}
    assert 2 < found[FREQUENT].values[PERPLEXITY].value < 30, "about as many letters as there are"


def test_edits_and_ngrams_are_counted() -> None:
    assert [edits("kitten", "sitting"), edits("", "abc"), edits("same", "same")] == [3, 3, 0]
    assert chrf("the cat", "the cat") == 1
    assert chrf("xyz", "abc") == 0
    assert 0.3 < chrf("the cat sat", "the cat sits") < 1
