"""The measurements of the bench: they measure what they say."""

from __future__ import annotations

import pytest
import torch

from studio.runtime.engines.text import timing
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.kernels.matrix import can_pack
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch


@pytest.mark.skipif(not can_pack("cpu"), reason="only packed models know beginnings")
def test_known_text_and_guesses_are_measured(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(timing, "ROUNDS", 1)
    monkeypatch.setattr(timing, "TOKENS", 20)
    model = tiny_models.reference(max_position_embeddings=2048, initializer_range=0.02)
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path))
    found = timing.measure(engine)
    assert found.keys() == {"second_turn", "edit", "plain_text"}
    assert 0 < found["second_turn"] < 0.9, "1,000 tokens are not read again"
    assert found["edit"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_no_gpu_is_one_sentence(tmp_path) -> None:
    told = timing.main(str(tmp_path), "cuda")
    assert told == {"told": "No GPU that this PyTorch can use is here, so nothing was measured."}
