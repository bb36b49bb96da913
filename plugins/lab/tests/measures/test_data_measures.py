"""What networks made is measured on their data set, beside what it is to be better than."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine

from studio.api import BadInput
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.measures.assessment import Assessment, Finding
from studio_lab.measures.comparison import as_csv, as_markdown, as_plot, sheet
from studio_lab.measures.data_measures import BOUND, SampleSet, as_measured, measured

Found = tuple[str, list[Assessment]]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    pictures, labels = load_digits(return_X_y=True)
    rows = pictures.reshape(-1, 1, 8, 8).astype(np.uint8)
    shape = Shape("pictures", 1, 8, 8, levels=17, classes=10)
    return Dataset("Digits", shape, rows, Split.drawn(len(rows), 0), labels.astype(np.int64))


@pytest.fixture(scope="module")
def found(digits: Dataset) -> Found:
    rng = np.random.default_rng(0)
    copied = digits.rows[digits.split.training[:200]] / 8 - 1
    made = (
        SampleSet("copier", copied + rng.normal(0, 0.02, copied.shape), rng.normal(1.2, 0.1, 100)),
        SampleSet("noise", rng.uniform(-1, 1, (200, 1, 8, 8))),
    )
    return measured(digits, made, 0)


def test_the_same_measures_for_all_with_baselines_beside(found: Found) -> None:
    measure, rows = found
    assert measure == "KID (classifier of 10 classes)"
    named = {each.name: each for each in rows}
    assert Finding.COPIES in named["copier"].findings
    assert Finding.BASELINE in named["noise"].findings
    assert rows[0].name == "training examples"
    assert 1.18 < named["copier"].values[BOUND].value < 1.22
    assert 0.5 < named["Gaussian components"].values[BOUND].value < np.log(17)


def test_it_becomes_a_table_a_plot_and_a_sheet(digits: Dataset, found: Found) -> None:
    measure, rows = found
    table = list(csv.DictReader(io.StringIO(as_csv(rows).decode())))
    assert [each["samples"] for each in table] == [each.name for each in rows]
    assert all(float(each[f"{measure}, low"]) <= float(each[measure]) for each in table)
    assert "It copies training examples." in as_markdown(rows)
    plot = as_plot(rows, measure)
    assert plot.x.categories[0] == rows[0].name
    assert plot.encode()
    pictures = as_measured(digits, digits.rows[:9] / 8 - 1)
    assert sheet([pictures, pictures], [pictures, pictures]).shape == (4 * 9 + 2, 72, 3)


def test_a_table_is_measured_too() -> None:
    cells, labels = load_wine(return_X_y=True)
    scaled = ((cells - cells.mean(0)) / cells.std(0)).astype(np.float32)
    split = Split.drawn(len(cells), 0)
    data = Dataset("Wine", Shape("table", columns=13), scaled, split, labels.astype(np.int64))
    rows = np.random.default_rng(0).normal(size=(80, data.shape.columns))
    measure, found = measured(data, [SampleSet("noise", rows)], 0)
    assert measure.startswith("KID (classifier of 3 classes")
    noise = next(each for each in found if each.name == "noise")
    assert noise.findings == (Finding.UNSURE,), "a plain baseline draws just so"


def test_too_few_are_refused(digits: Dataset) -> None:
    with pytest.raises(BadInput, match="least to compare"):
        measured(digits, [SampleSet("few", np.zeros((5, 1, 8, 8)))], 0)
