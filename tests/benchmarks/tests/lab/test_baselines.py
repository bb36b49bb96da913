"""The bars of the bench: counting that is right where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lab.architectures import beside_plain
from benchmarks.lab.baselines import baseline
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.networks.architectures import ARCHITECTURES


def test_the_bars_are_entropies_of_what_is_drawn() -> None:
    draws, split = np.random.default_rng(0), Split.drawn(4000, 0)
    pixels = draws.integers(4, size=(4000, 1, 2, 2)).astype(np.uint8)
    _, nats = baseline(Dataset("", Shape("pictures", 1, 2, 2, levels=4), pixels, split))
    assert nats == pytest.approx(np.log(4), abs=0.01)
    rows = draws.normal(size=(4000, 3)).astype(np.float32)
    _, nats = baseline(Dataset("", Shape("table", columns=3), rows, split))
    assert nats == pytest.approx(0.5 * np.log(2 * np.pi * np.e), abs=0.05)
    tokens = (np.arange(10) + draws.integers(5, size=(4000, 1))) % 5
    _, nats = baseline(Dataset("", Shape("text", vocabulary=5, length=10), tokens, split))
    assert nats == pytest.approx(np.log(5) / 10, abs=0.02), "only the first is unknown"


def test_what_each_kind_makes_is_measured_beside_plain_generators() -> None:
    """Of pairs, too: a network answers their sources there, and draws none."""
    rows = np.random.default_rng(0).integers(1, 4, size=(60, 2, 5))
    rows[:, 0, 4] = rows[:, 1, 4] = 0
    shape = Shape("pairs", vocabulary=4, length=5)
    pairs = Dataset("", shape, rows, Split.drawn(60, 0), meta={"vocabulary": ["", "a", "b", "c"]})
    network = ARCHITECTURES["encoder_decoder"].build(shape, "small")
    found = beside_plain("encoder_decoder", network, pairs)
    assert found["best plain"] in ("copy of the source", "most frequent target")
    assert 0 <= found["exact matches"] <= 1
