"""Every architecture: learns, bounds likelihoods that are likelihoods, makes rows of its shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from studio.api import finished
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.networks.likelihood import discretised_logistic
from studio_lab.networks.normalising_flow import unlikelihood
from studio_lab.training.batches import Batches
from studio_lab.training.samples import drawn
from studio_lab.training.trainer import Plan, Trainer

pytestmark = pytest.mark.torch

SMALL = {
    "vae": {"width": 32, "latent": 2, "depth": 1},
    "gan": {"width": 8, "latent": 4},
    "diffusion": {"width": 8, "depth": 1},
    "flow_matching": {"width": 8, "depth": 1},
    "pixelcnn": {"width": 8, "depth": 1},
    "decoder_transformer": {"width": 16, "depth": 1, "heads": 2},
    "recurrent": {"width": 16, "depth": 1},
    "normalising_flow": {"width": 16, "depth": 2},
    "vqvae": {"width": 8, "codes": 8, "depth": 1},
    "encoder_decoder": {"width": 16, "depth": 1, "heads": 2},
    "classifier": {"width": 16},
}


def data(kind: str) -> Dataset:
    """Bars of one of two heights; a text that repeats; numbers that hang together."""
    draws = np.random.default_rng(0)
    labels = draws.integers(2, size=96)
    split = Split.drawn(96, 0)
    if kind == "pictures":
        rows = np.zeros((96, 1, 8, 8), np.uint8)
        for row, label in zip(rows, labels):
            row[0, :, : 2 + 3 * label] = 3
        shape = Shape("pictures", 1, 8, 8, levels=4, classes=2)
        return Dataset("Bars", shape, rows, split, labels, ("narrow", "wide"))
    if kind == "text":
        tokens = (np.arange(12) + labels[:, None]) % 4
        return Dataset("Counting", Shape("text", vocabulary=4, length=12), tokens, split)
    if kind == "pairs":
        pairs = np.stack(
            [(np.arange(6) + labels[:, None]) % 4, np.repeat(labels[:, None], 6, 1)], 1
        )
        return Dataset("Naming", Shape("pairs", vocabulary=4, length=6), pairs, split)
    table = draws.normal(size=(96, 1)) @ [[1.0, 0.5, -1.0]]
    return Dataset("Line", Shape("table", columns=3), table.astype(np.float32), split)


CASES = [(name, kind) for name, each in ARCHITECTURES.items() for kind in each.takes
         if (name, kind) != ("classifier", "table")]  # fmt: skip


def trainer(name: str, kind: str) -> Trainer:
    rows = data(kind)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ARCHITECTURES[name].make(rows.shape, **SMALL[name])
    made = Trainer(network, Batches(rows, "cpu", 0, 32), Plan(5e-3), 0)
    made.progress.steps = 60 if network.has_validation else 10
    return made


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_it_learns_and_makes_rows_of_its_shape(name: str, kind: str) -> None:
    trial = trainer(name, kind)
    network = trial.network
    before = trial.score() if network.has_validation else None
    while not trial.is_over:
        trial.advance()
    if before is not None:
        assert trial.score() < before - 0.1
    if network.generates:
        rows = finished(drawn(trial.average, 5, 1))
        halves = (2,) if kind == "pairs" else ()
        assert rows.shape == (5, *halves, *network.shape.sides)
        assert np.isfinite(rows).all()
        assert (rows == finished(drawn(trial.average, 5, 1))).all()


OF_PICTURES = [name for name, each in ARCHITECTURES.items() if "pictures" in each.takes]


@pytest.mark.parametrize("name", OF_PICTURES)
@pytest.mark.parametrize(("height", "width"), [(16, 20), (24, 16)])
def test_pictures_need_not_be_square(name: str, height: int, width: int) -> None:
    shape = Shape("pictures", 1, height, width, levels=4, classes=2)
    with torch.random.fork_rng():
        network = ARCHITECTURES[name].make(shape, **{**SMALL[name], "width": 64})
    x = torch.zeros(2, *shape.sides)
    random = torch.Generator().manual_seed(0)
    for phase in network.phases:
        loss = network.loss({"x": x, "label": torch.tensor([0, 1])}, random, phase)
        assert loss.isfinite()
    if network.generates and name != "pixelcnn":  # pixel by pixel, of any shape
        assert finished(drawn(network, 1, 1)).shape == (1, *shape.sides)


def test_levels_of_a_logistic_add_up_to_one() -> None:
    levels = torch.linspace(-1, 1, 17)
    for centre, scale in ((0.3, -2.0), (-1.2, -5.0), (0.0, 1.0)):
        told = discretised_logistic(levels, torch.tensor(centre), torch.tensor(scale), 17)
        assert float(torch.exp(-told).sum()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", ["pixelcnn", "decoder_transformer", "recurrent"])
def test_what_comes_later_tells_nothing_of_what_was_before(name: str) -> None:
    trial = trainer(name, ARCHITECTURES[name].takes[0])
    x = trial.batches.at(0)["x"][:1].clone()
    network = trial.average
    told = network._told if name == "pixelcnn" else network.logits
    first = told(x)
    changed = x.clone()
    changed[..., -1] = 0 if name != "pixelcnn" else -changed[..., -1]
    second = told(changed)
    if name == "pixelcnn":  # the last column of a row, for the first row
        assert torch.equal(first[..., 0, :], second[..., 0, :])
        assert not torch.equal(first[..., 1, :], second[..., 1, :]), "the control"
    else:
        assert torch.allclose(first[:, :-1], second[:, :-1], atol=1e-6)


def test_the_bound_of_a_diffusion_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of normal rows and the best denoiser it is their entropy."""
    trial = trainer("diffusion", "table")
    network = trial.average
    monkeypatch.setattr(
        network, "noise_of", lambda mixed, ratio: torch.sigmoid(-ratio).sqrt()[:, None] * mixed
    )
    x = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))
    bound = network.bound({"x": x}, torch.Generator().manual_seed(1)).mean()
    entropy = 0.5 * np.log(2 * np.pi * np.e)
    assert entropy - 0.02 < float(bound) < entropy + 0.1


def test_the_bound_of_a_diffusion_of_levels_is_one_and_near(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of pixels that know nothing of each other and the best denoiser it is hardly more."""
    trial = trainer("diffusion", "pictures")
    levels = torch.linspace(-1, 1, 4)

    def noise_of(mixed: torch.Tensor, ratio: torch.Tensor) -> torch.Tensor:
        ratio = ratio.reshape(-1, 1, 1, 1)
        row, rest = torch.sigmoid(ratio).sqrt(), torch.sigmoid(-ratio).sqrt()
        off = (mixed[..., None] - row[..., None] * levels) / rest[..., None]
        clean = ((-(off**2) / 2).softmax(-1) * levels).sum(-1)
        return (mixed - row * clean) / rest

    monkeypatch.setattr(trial.average, "noise_of", noise_of)
    random = torch.Generator().manual_seed(0)
    x = levels[torch.randint(4, (2000, 1, 8, 8), generator=random)]
    bound = float(trial.average.bound({"x": x}, random).mean())
    assert np.log(4) - 0.005 < bound < np.log(4) + 0.05


def test_a_flow_ends_at_the_distribution_that_it_draws_from() -> None:
    x = torch.linspace(-9, 9, 50, dtype=torch.float64)
    assert unlikelihood(x).numpy() == pytest.approx(-stats.t(5).logpdf(x.numpy()))
    flow = trainer("normalising_flow", "table").average
    rows = finished(drawn(flow, 4000, 1))
    assert stats.kstest(rows[:, 0], stats.t(5).cdf).pvalue > 0.001, "of one that learned nothing"
    assert stats.kstest(rows[:, 0], stats.norm.cdf).pvalue < 1e-4, "the control"
