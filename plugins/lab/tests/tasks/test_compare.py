"""Trained networks side by side: a copier is exposed, and what cannot be compared is refused."""

from __future__ import annotations

import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import load
from studio_lab.networks.architecture import Batch, Network
from studio_lab.schema import Compare
from studio_lab.tasks.compare import compare
from studio_lab.weights import Trained


class Scripted(Network):
    """Gives rows that it was handed, and a bound that was said."""

    def __init__(self, data: Dataset, rows: np.ndarray, bound: float) -> None:
        super().__init__(data.shape)
        self.rows = torch.nn.Parameter(torch.from_numpy(rows), requires_grad=False)
        self.said = bound

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        return torch.full((len(batch["x"]),), self.said)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        yield 0.5
        return self.rows[torch.randint(len(self.rows), (count,), generator=random)]


def trained(data: Dataset, rows: np.ndarray, bound: float = 1.0) -> Trained:
    return Trained(Scripted(data, rows, bound), "vae", data.shape, data.meta, {})


def compared(models: dict[str, Trained], **more: Any) -> Made:
    params = Compare.parse({"weights": list(models), "features": None, **more})
    return run_task(compare, params, seed=1, models=models)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("", "digits", ["pictures"], 8, 0)[0]


@pytest.fixture(scope="module")
def made(digits: Dataset) -> Made:
    rng = np.random.default_rng(0)
    pictures = (digits.rows / 8 - 1).astype(np.float32)
    noise = rng.uniform(-1, 1, pictures[:200].shape).astype(np.float32)
    models = {
        "copier": trained(digits, pictures[digits.split.training]),
        "noise": trained(digits, noise, 2.0),
    }
    return compared(models, example="digits", samples=200)


def test_a_copier_is_exposed_and_noise_is_beaten_by_a_baseline(made: Made) -> None:
    found = made.result["models"]
    assert "copies" in found["copier"]["findings"]
    assert "baseline" in found["noise"]["findings"]
    assert made.result["best"] == "copier"
    assert made.result["sentence"].endswith("It is not good. It copies training examples.")
    assert made.result["measure"] == "KID (classifier of 10 classes)"


def test_a_table_plots_and_a_sheet_are_handed_over(made: Made) -> None:
    assert [each.kind for each in made.artifacts] == ["table", "plot", "plot", "image"]
    head, *rows = made.artifacts[0].read().decode().splitlines()
    assert head.startswith("samples,what,wrong,")
    assert len(rows) == 2 + 3


def test_texts_are_compared_with_an_n_gram_model(tmp_path: Path) -> None:
    draw = random.Random(0)
    text = " ".join("".join(draw.choices("abcdefghij", k=5)) for _ in range(16_000))
    (tmp_path / "words.txt").write_text(text)
    data, _ = load(str(tmp_path / "words.txt"), "auto", ["text"], 0, 0)
    models = {
        "copier": trained(data, data.rows[data.split.training[:100]], 3.0),
        "held-out": trained(data, data.rows[data.split.test], 0.5),
    }
    result = compared(models, data=str(tmp_path / "words.txt"), samples=50).result
    assert result["measure"] == "bits per character"
    assert result["models"]["copier"]["findings"] == ["copies", "baseline"]
    assert result["models"]["held-out"]["findings"] == []
    assert result["best"] == "held-out"


def test_models_of_other_data_are_refused(digits: Dataset) -> None:
    wine, _ = load("", "wine", ["table"], 0, 0)
    models = {
        "pictures": trained(digits, digits.rows.astype(np.float32)),
        "rows": trained(wine, wine.rows),
    }
    with pytest.raises(BadInput, match="“rows” learned from a table of"):
        compared(models, example="digits", samples=50)
    with pytest.raises(BadInput, match="No model"):
        compared({})
