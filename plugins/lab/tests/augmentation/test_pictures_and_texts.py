"""Pictures and texts whose augmentation has a known effect."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import BadInput
from studio_lab.augmentation import picture_network, pictures, texts
from studio_lab.augmentation.verdict import Effect, Outcome, outcomes
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.table_file import parse_table


@pytest.fixture(scope="module")
def sides() -> Dataset:
    """A bright spot at the left or at the right, in noise."""
    rng, labels = np.random.default_rng(0), np.arange(160) % 2
    rows = rng.integers(0, 120, (160, 1, 8, 8))
    for row, label in zip(rows, labels):
        height = rng.integers(2, 5)
        row[0, height : height + 2, 1 + 4 * label : 3 + 4 * label] += 60
    shape = Shape("pictures", 1, 8, 8, classes=2)
    return Dataset("Sides", shape, rows.astype(np.uint8), Split.drawn(160, 0), labels, ("l", "r"))


def outcome(data: Dataset, method: str) -> Outcome:
    tried = pictures.trials(data, (method,), 5, "logistic regression", 1)
    return outcomes([each for each in tried if each], "average precision")[0]


def test_mirror_images_harm_where_left_and_right_are_the_classes(sides: Dataset) -> None:
    assert outcome(sides, "flip").verdict is Effect.HARMS


@pytest.mark.slow
def test_a_network_judges_pictures_too(sides: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_network, "STEPS", 80)
    (trial,) = (each for each in pictures.trials(sides, ("flip",), 1, "network", 1) if each)
    measure = "balanced accuracy"
    assert trial.real[measure] > 0.7, "the control: it learns the sides"
    assert trial.augmented[measure] < trial.real[measure]


def test_made_pictures_are_judged_as_rows_are(sides: Dataset) -> None:
    """The control: whatever else it does, a copula of each class does not swap the sides."""
    found = outcome(sides, "copula")
    assert found.effect is not Effect.HARMS
    assert found.rows is not None
    assert found.rows.fidelity > 0.7


def test_changed_pictures_stay_pictures(sides: Dataset) -> None:
    real = pictures.scaled(sides)[:10]
    for how in pictures.CHANGES:
        made = pictures.changed(real, how, (1, 2))
        assert made.shape == (10 * pictures.COPIES, 1, 8, 8)
        assert made.min() >= 0
        assert made.max() <= 1
        assert not np.array_equal(made[:10], made[10:20])


GOOD = ["bright", "warm", "fine", "sweet", "calm", "clear", "soft", "fresh"]
BAD = ["dark", "cold", "poor", "bitter", "loud", "dull", "hard", "stale"]
COMMON = ["the", "room", "was", "and", "we", "found", "it", "in", "town", "many", "trees"]


def reviews(count: int) -> bytes:
    rng = np.random.default_rng(0)
    rows = ["review,mood"]
    for at in range(count):
        words = [*rng.choice(COMMON, 8), *rng.choice((GOOD, BAD)[at % 2], 2)]
        rows.append(f"{' '.join(rng.permutation(words))},{('good', 'bad')[at % 2]}")
    return "\n".join(rows).encode()


def test_texts_rewritten_into_themselves_leak_and_new_ones_do_not() -> None:
    data, notes = texts.texts_of(parse_table(reviews(120)), "mood", "reviews")
    assert notes == ["The texts are those of the column “review”."]
    same = dict(enumerate(data.texts))
    methods = ("rewriting", "ngrams")
    tried = texts.trials(data, methods, 4, "logistic regression", 1, same)
    copied, new = outcomes([each for each in tried if each], "average precision")
    assert copied.verdict is Effect.LEAKS
    assert new.rows is not None
    assert copied.rows is not None
    assert new.rows.membership.value < 0.7 < copied.rows.membership.value
    assert copied.rows.fidelity == 1


def test_a_table_without_texts_is_a_sentence() -> None:
    with pytest.raises(BadInput, match="no column of texts"):
        texts.texts_of(parse_table(b"a,mood\n" + b"1,x\n2,y\n" * 40), "mood", "numbers")
    with pytest.raises(BadInput, match="has 30 texts with a class"):
        texts.texts_of(parse_table(reviews(30)), "mood", "few")


def test_words_are_swapped_and_left_out() -> None:
    text = " ".join(COMMON)
    made = texts.shaken(text, np.random.default_rng(0))
    assert made != text
    assert set(made.split()) <= set(COMMON)
    assert len(made.split()) > len(COMMON) / 2
