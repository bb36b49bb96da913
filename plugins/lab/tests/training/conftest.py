"""Trainings that take a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.networks.vae import Vae
from studio_lab.training.batches import Batches
from studio_lab.training.trainer import Plan, Trainer

Make = Callable[..., Trainer]


@pytest.fixture(scope="session")
def rows() -> Dataset:
    """200 rows of four numbers that hang together."""
    drawn = np.random.default_rng(0).normal(size=(200, 2))
    table = np.concatenate([drawn, drawn @ [[1.0, 0.5], [0.2, 1.0]]], 1).astype(np.float32)
    return Dataset("Rows", Shape("table", columns=4), table, Split.drawn(200, 0))


@pytest.fixture
def make(rows: Dataset) -> Make:
    """Makes a trainer of a small network; the same each time."""

    def made(steps: int = 60, rate: float = 3e-3, seed: int = 1, **how: Any) -> Trainer:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = Vae(rows.shape, width=16, latent=2, depth=2, dropout=0.2)
        trainer = Trainer(network, Batches(rows, "cpu", seed, 32), Plan(rate, **how), seed)
        trainer.progress.steps = steps
        trainer.good = trainer.state()
        return trainer

    return made
