"""The measurements of the bench: they measure what they say."""

from __future__ import annotations

import pytest
import torch

from studio.runtime.devices.discovery import Found, find_devices
from studio.runtime.engines.text.bench import timings
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch


@pytest.mark.skipif(not can_pack("cpu"), reason="only packed models know beginnings")
def test_known_text_and_guesses_are_measured(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(timings, "ROUNDS", 1)
    monkeypatch.setattr(timings, "TOKENS", 20)
    model = tiny_models.reference(max_position_embeddings=2048, initializer_range=0.02)
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path))
    found = timings.measure(engine)
    assert found.keys() == {"second_turn", "edit", "plain_text"}
    assert 0 < found["second_turn"] < 0.9, "1,000 tokens are not read again"
    assert found["edit"] > 0


def test_a_device_is_measured_by_what_its_memory_moves(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(timings, "ROUNDS", 1)
    monkeypatch.setattr(timings, "TOKENS", 5)
    monkeypatch.setattr(timings, "_copied_bytes_a_second", lambda device: 1e9)
    folder = tiny_models.save_folder(tiny_models.reference(tie_word_embeddings=False), tmp_path)
    engine = TextEngine.load(folder, dtype=torch.float32)
    found = timings.measure_device(engine)
    assert found["weights_bytes"] == 4 * engine.info.parameters
    read = found["weights_bytes"] - 4 * 300 * 64  # a row of the embedding is all that is read of it
    assert found["bandwidth_share"] == pytest.approx(read * found["tokens_per_second"] / 1e9)
    assert found["streams8"] > 0
    prompt = [5, 6, 7]
    theirs = timings.beside_transformers(10.0, folder, "cpu", prompt)["by_transformers"]
    assert theirs["ratio"] == pytest.approx(10 / theirs["tokens_per_second"])
    told = timings.beside_transformers(10.0, tmp_path / "none", "cpu", prompt)["by_transformers"]
    assert told["told"].startswith("transformers was not measured:")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_no_gpu_is_told(tmp_path, monkeypatch) -> None:
    told = timings.main(str(tmp_path), "cuda")
    what = "There is no supported GPU on this machine, so nothing was measured."
    assert told == {"told": what}
    note = "The graphics card cannot be used: its driver is too old for PyTorch. Update the driver."
    processor = find_devices("cpu").chosen
    monkeypatch.setattr(
        timings, "find_devices", lambda wanted: Found((processor,), processor, note)
    )
    assert timings.main(str(tmp_path), "cuda:1") == {"told": f"{what} {note}"}
