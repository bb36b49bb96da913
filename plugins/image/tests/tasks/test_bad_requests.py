"""Requests that cannot be met: weights of another family, endless prompts. Each is one sentence."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from studio.api import StudioError
from studio.runtime.jobs.context import Context
from studio.testing.plugins import run_task
from studio_image import worker
from studio_image.schema import Enlarge, Generate, Restyle
from studio_image.tasks import generation
from studio_image.upscale.networks import Compact

pytestmark = pytest.mark.torch
ENDLESS = "fox " * 25_000


def png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(
        stream, "PNG"
    )
    return stream.getvalue()


def refused(call) -> StudioError:
    with pytest.raises(StudioError) as caught:
        call()
    assert caught.value.hint
    assert len(caught.value.message) < 200
    assert caught.value.message.count(". ") == 0
    return caught.value


@pytest.mark.parametrize("field", ["prompt", "negative"])
def test_a_prompt_of_a_hundred_thousand_characters(field: str) -> None:
    error = refused(lambda: Generate.parse({"prompt": "a fox", "weights": "w", field: ENDLESS}))
    assert "100,000 characters" in error.message


@pytest.mark.parametrize(
    ("task", "params"),
    [
        ("image.enlarge", Enlarge.parse({"weights": "words"})),
        ("image.restyle", Restyle.parse({"weights": "words", "styles": ["waves"], "size": 64})),
    ],
)
def test_a_loaded_model_of_another_family(task: str, params) -> None:
    run = worker.studio_tasks()[task]
    error = refused(
        lambda: run_task(run, params, models={"words": object()}, inputs={"image": png()})
    )
    assert "“words” does not support" in error.message


def test_drawing_with_weights_that_enlarge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sharp.safetensors"
    save_file(Compact(2, 4, 1).state_dict(), file)
    monkeypatch.setattr(Context, "weights_path", lambda self, weights: file)
    params = Generate.parse({"prompt": "a fox", "weights": "sharp"})
    error = refused(lambda: run_task(generation.generate, params, models={"sharp": object()}))
    assert "sharp.safetensors" in error.message


@pytest.mark.parametrize("data", [b"", b"GGUF\x03", b"\x80\x04.", torch.zeros(9).numpy().tobytes()])
def test_drawing_with_a_file_of_another_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    file = tmp_path / "odd.safetensors"
    file.write_bytes(data)
    monkeypatch.setattr(Context, "weights_path", lambda self, weights: file)
    params = Generate.parse({"prompt": "a fox", "weights": "odd"})
    error = refused(lambda: run_task(generation.generate, params, models={"odd": object()}))
    assert "odd.safetensors" in error.message
