"""Whisper computes what the library computes, from a folder and from a package's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from plugins.voice.tests import tiny_whisper
from studio.api import StudioError, finished
from studio_voice.whisper import weights
from studio_voice.whisper.spectrogram import spectrogram
from studio_voice.whisper.weights import Transcriber

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper.folder(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> Transcriber:
    return finished(weights.loader().load(folder, "cpu"))


@pytest.mark.parametrize("mels", [80, 128])
def test_it_hears_what_the_library_hears(mels: int) -> None:
    from transformers import WhisperFeatureExtractor

    sound = np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32)
    theirs = WhisperFeatureExtractor(feature_size=mels)(sound, sampling_rate=16_000)
    assert np.allclose(spectrogram(sound, mels).numpy(), theirs.input_features[0], atol=1e-5)


def test_it_computes_what_the_library_computes(folder: Path, model: Transcriber) -> None:
    from transformers import WhisperForConditionalGeneration

    theirs = WhisperForConditionalGeneration.from_pretrained(folder).eval()
    heard = torch.randn(2, 80, 3000, generator=torch.Generator().manual_seed(1))
    tokens = torch.tensor([[257, 258, 261, 5, 9], [257, 259, 261, 7, 8]])
    with torch.inference_mode():
        wanted = theirs(input_features=heard, decoder_input_ids=tokens).logits
        sound = model.network.encode(heard)
        whole = model.network.read(tokens, model.network.remember(sound))
        cache = model.network.remember(sound)
        parts = [
            model.network.read(tokens[:, at : at + n], cache) for at, n in ((0, 3), (3, 1), (4, 1))
        ]
    assert torch.allclose(whole, wanted, atol=1e-4)
    assert torch.allclose(torch.cat(parts, 1), wanted, atol=1e-4)


def test_a_package_s_file_is_the_same_network(model: Transcriber, tmp_path: Path) -> None:
    state = model.network.state_dict()
    path = tiny_whisper.ctranslate2(tmp_path / "tiny.whisper", state)
    loader = weights.loader()
    assert loader.recognise(path) is not None
    again = finished(loader.load(path, "cpu"))
    assert again.network.sizes == model.network.sizes
    assert again.tokens.suppressed == model.tokens.suppressed
    for name, value in again.network.state_dict().items():
        assert torch.equal(value, state[name].half().float()), name


@pytest.mark.parametrize("kept", [30, 4000, -2000])
def test_a_file_that_was_cut_short_is_told(model: Transcriber, tmp_path: Path, kept: int) -> None:
    path = tiny_whisper.ctranslate2(tmp_path / "tiny.whisper", model.network.state_dict())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StudioError, match=r"tiny\.whisper cannot be used"):
        finished(weights.loader().load(path, "cpu"))


def test_a_file_that_lies_about_a_size_is_told(model: Transcriber, tmp_path: Path) -> None:
    path = tiny_whisper.ctranslate2(tmp_path / "tiny.whisper", model.network.state_dict())
    data = path.read_bytes()
    at = data.index(b"decoder/embeddings/weight\0") + 27
    path.write_bytes(data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :])
    with pytest.raises(StudioError, match="cannot be used"):
        finished(weights.loader().load(path, "cpu"))


def test_other_folders_are_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert weights.loader().recognise(tmp_path) is None
    (tmp_path / "config.json").write_text("[" * 5000)
    assert weights.loader().recognise(tmp_path) is None
