"""Inputs of one byte are used by large models, and where they are close to those of two."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.api.worker.generators import finished
from studio.runtime.engines.text.caches.paths import CLOSENESS
from studio.runtime.engines.text.decoder import activation_precision
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="this processor has no packed kernels"),
]
IDS = torch.tensor([(7 * i * i + 3) % 300 for i in range(60)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def all_are_large(monkeypatch) -> None:
    monkeypatch.setattr(activation_precision, "LARGE", 0)


def read(engine: TextEngine, *cuts: int) -> torch.Tensor:
    cache = engine.model.new_cache(len(IDS))
    for first, last in zip((0, *cuts), (*cuts, len(IDS)), strict=True):
        scores = engine.model(IDS[first:last], cache)
    return scores


def planes(engine: TextEngine) -> int:
    assert isinstance(engine.model, Llama)
    return engine.model.planes


def test_a_small_model_has_two_and_measures_nothing(folder, tmp_path) -> None:
    assert planes(finished(load_steps(folder, cache=tmp_path))) == 2
    assert not (tmp_path / CLOSENESS).exists()


def test_one_has_the_same_bits_however_a_text_is_read(folder, all_are_large) -> None:
    engine = TextEngine.load(folder)
    assert planes(engine) == 1
    whole = read(engine)
    assert torch.equal(whole, read(engine, 1, 2, 30, 31))
    assert torch.equal(whole, read(engine, *range(40, 59)))
    engine.model.cut_inputs(2)
    exact = read(engine)
    assert not torch.equal(whole, exact), "control"
    assert (
        0
        < activation_precision.mean_divergence(exact[None], whole[None])
        < activation_precision.MOST_DIVERGENCE
    )


def test_what_is_not_close_has_two(folder, all_are_large, monkeypatch) -> None:
    monkeypatch.setattr(activation_precision, "MOST_DIVERGENCE", 0.0)
    assert planes(TextEngine.load(folder)) == 2


def test_it_is_measured_once(folder, tmp_path, all_are_large, monkeypatch) -> None:
    first = finished(load_steps(folder, cache=tmp_path))

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(activation_precision, "_scores", never)
    with pytest.raises(AssertionError, match="measured again"):
        TextEngine.load(folder)  # control: nothing is kept
    assert planes(finished(load_steps(folder, cache=tmp_path))) == planes(first) == 1


def test_divergence_is_that_of_the_definition() -> None:
    exact, other = torch.tensor([[0.5, 0.5], [0.25, 0.75]]), torch.tensor([[0.25, 0.75]] * 2)
    expected = (0.5 * torch.tensor([2.0, 2 / 3]).log()).sum() / 2
    assert activation_precision.mean_divergence(exact.log(), other.log()) == pytest.approx(
        float(expected)
    )
