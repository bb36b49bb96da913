"""A hole drawn by diffusion weights: tiny random ones, as the library's own pipeline does it."""

from __future__ import annotations

import io

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from plugins.image.tests.diffusion.tiny_pipelines import NOISE, pipeline
from studio.api import StudioError, finished
from studio.runtime.jobs.context import Context
from studio.testing.plugins import run_task
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import build
from studio_image.diffusion.weights import read_plan
from studio_image.diffusion.wish import Wish
from studio_image.schema import Repair
from studio_image.tasks.repair import repair

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers
]


@pytest.fixture(scope="module")
def pipe():
    return pipeline(False)


@pytest.fixture(scope="module")
def folder(pipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "sd"
    pipe.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def model(folder):
    return finished(build(read_plan(folder), "cpu", torch.float32))


def last(model, wish):
    return list(denoise(model, wish, torch.Generator().manual_seed(7)))[-1].latents


@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_a_masked_part_is_drawn_as_by_the_plain_loop(model, pipe, strength):
    start = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 12:28] = 1
    plain = diffusers.StableDiffusionInpaintPipeline(
        **pipe.components, requires_safety_checker=False
    )
    plain.set_progress_bar_config(disable=True)
    plain.scheduler = diffusers.EulerDiscreteScheduler(
        **NOISE, steps_offset=1, timestep_spacing="leading"
    )
    theirs = plain(
        "a red fox", image=start, mask_image=mask, strength=strength, num_inference_steps=5,
        width=32, height=32, guidance_scale=5.0, output_type="latent",
        generator=torch.Generator().manual_seed(7),
    ).images  # fmt: skip
    small = mask[..., ::2, ::2]
    ours = last(model, Wish("a red fox", "", 32, 32, 5, 5.0, "euler", start, strength, small))
    assert torch.allclose(ours, theirs, atol=1e-5)
    other = last(model, Wish("a red fox", "", 32, 32, 5, 5.0, "euler", start, strength))
    assert not torch.allclose(ours, other, atol=1e-5)


def test_a_hole_is_filled_and_the_rest_is_untouched(model, folder, monkeypatch):
    monkeypatch.setattr(Context, "weights_path", lambda self, weights: folder)
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 10:30] = 255
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    params = Repair.parse({"fill": "model", "weights": "sd", "steps": 2, "feather": 0})
    inputs = {"image": png(picture), "mask": png(mask)}
    made = run_task(repair, params, seed=7, models={"sd": model}, inputs=inputs)
    after = np.asarray(Image.open(io.BytesIO(made.artifacts[0].payload)))
    assert np.array_equal(after[mask == 0], picture[mask == 0])
    assert not np.array_equal(after[mask > 0], picture[mask > 0])
    assert any(event.preview is not None for event in made.progress)


def test_weights_of_another_kind_are_told(tmp_path, monkeypatch):
    file = tmp_path / "odd.safetensors"
    file.write_bytes(b"GGUF")
    monkeypatch.setattr(Context, "weights_path", lambda self, weights: file)
    params = Repair.parse({"fill": "model", "weights": "odd", "right": 8})
    with pytest.raises(StudioError) as caught:
        run_task(repair, params, inputs={"image": png(np.zeros((16, 16, 3), np.uint8))})
    assert "odd.safetensors" in caught.value.message


def png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()
