"""SD3, Flux, PixArt and Sana: tiny random ones, drawn as the pipeline of the library draws them."""

from __future__ import annotations

import io
from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from plugins.image.tests.diffusion.test_additions import last
from plugins.image.tests.diffusion.tiny_transformers import KINDS, make
from studio.api import BadInput, StudioError, finished
from studio_image.diffusion.decoder import decode, glimpse
from studio_image.diffusion.model import build
from studio_image.diffusion.weights import loader, read_plan
from studio_image.diffusion.wish import Wish

pytestmark = [pytest.mark.slow, pytest.mark.torch]
WISH = Wish("a red fox", "rain", 32, 64, 3, 4.0)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    root = tmp_path_factory.mktemp("transformers")
    made = {}
    for name in KINDS:
        pipe = make(name)
        pipe.save_pretrained(root / name)
        made[name] = pipe, root / name
    return made


@pytest.fixture(scope="module")
def loaded(saved):
    return {
        name: finished(build(read_plan(folder), "cpu", torch.float32))
        for name, (_, folder) in saved.items()
    }


def plain(pipe, wish=WISH, **more):
    """Return the latents of the library's pipeline, as many for a side as pixels of them."""
    kind, asked = type(pipe).__name__, {"negative_prompt": wish.negative}
    if "Flux" in kind:
        asked = {}
    elif "PixArt" in kind or "Sana" in kind:
        asked |= {"use_resolution_binning": False, "clean_caption": False}
    found = pipe(
        wish.prompt, width=wish.width, height=wish.height, num_inference_steps=wish.steps,
        guidance_scale=wish.guidance, output_type="latent",
        generator=torch.Generator().manual_seed(7), **asked, **more,
    ).images  # fmt: skip
    if "Flux" in kind:
        found = pipe._unpack_latents(found, wish.height, wish.width, pipe.vae_scale_factor)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_latents_are_those_of_the_plain_loop(saved, loaded, name):
    pipe, folder = saved[name]
    model, expected = loaded[name], plain(pipe)
    ours = last(model, WISH)
    assert torch.allclose(ours, expected, atol=1e-5)
    assert not torch.allclose(last(model, replace(WISH, prompt="owl")), expected, atol=1e-5)
    assert torch.allclose(last(model, replace(WISH, halves=True)), expected, atol=1e-4)
    assert torch.allclose(last(model, replace(WISH, by_block=True)), expected, atol=1e-5)
    assert torch.allclose(last(model, WISH), ours), "the network is as it was"
    shift = pipe.vae.config.get("shift_factor") or 0
    with torch.no_grad():
        pixels = pipe.vae.decode(expected / pipe.vae.config.scaling_factor + shift)[0]
    assert torch.allclose(decode(model, expected)[0], (pixels / 2 + 0.5).clamp(0, 1), atol=1e-5)
    assert glimpse(model, expected).shape == (32, 16, 3)
    facts = loader().recognise(folder)
    networks = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    kept = {t.data_ptr(): t.numel() for part in networks for t in part.state_dict().values()}
    assert facts.facts["parameters"] == sum(kept.values())
    assert loader().measure(folder).weights_bytes >= 2 * facts.facts["parameters"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sd3", diffusers.StableDiffusion3Img2ImgPipeline), ("flux", diffusers.FluxImg2ImgPipeline)],
)
def test_they_begin_with_a_picture_as_the_library_does(saved, loaded, name, kind):
    parts = dict(saved[name][0].components)
    pipe = kind(**parts)
    pipe.set_progress_bar_config(disable=True)
    start = torch.rand(1, 3, 64, 32, generator=torch.Generator().manual_seed(1))
    wish = replace(WISH, start=start, strength=0.5, steps=4)
    expected = plain(pipe, wish, image=start, strength=0.5)
    assert torch.allclose(last(loaded[name], wish), expected, atol=1e-5)


@pytest.fixture
def draw(saved, loaded, monkeypatch):
    from studio.runtime.jobs.context import Context
    from studio.testing.plugins import run_task
    from studio_image.schema import Generate
    from studio_image.tasks.diffusion_generation import generate

    monkeypatch.setattr(Context, "weights_path", lambda self, weights: saved[weights][1])

    def draw(name, stop_after=None, **values):
        usual = {"prompt": "a red fox", "steps": 3, "count": 1, "width": 32, "height": 32}
        asked = Generate.parse(usual | {"weights": name} | values)
        return run_task(generate, asked, seed=3, models=loaded, stop_after=stop_after)

    return draw


def test_the_task_draws_stops_and_says_what_does_not_apply(draw):
    made = draw("flux", negative="rain", scheduler="euler", karras=True, freeu=True)
    assert "no use for a negative prompt" in made.result["note"]
    assert "its own scheduler" in made.result["note"]
    assert "FreeU and clip skip do not apply" in made.result["note"]
    assert Image.open(io.BytesIO(made.artifacts[0].payload)).size == (32, 32)
    other = draw("flux").artifacts[0].payload
    pictures = [np.asarray(Image.open(io.BytesIO(p))) for p in (made.artifacts[0].payload, other)]
    assert np.array_equal(*pictures), "what does not apply changes nothing"
    assert draw("pixart", scheduler="euler", negative="rain").result["note"] == ""
    assert "guidance, so yours is ignored" in draw("flux-fast", guidance=5.0).result["note"]
    assert draw("flux-fast", steps=0).progress[-1].total == 4, "as such weights want"
    assert "does not weigh words" in draw("sana", prompt="a (red:1.3) fox").result["note"]
    stopped = draw("sd3", count=3, stop_after=5)
    assert stopped.cancelled
    assert stopped.steps == 5
    with pytest.raises(BadInput, match="Flux can't use LoRAs"):
        draw("flux", loras=["inky"])
    with pytest.raises(BadInput, match="multiple of 4"):
        draw("flux", width=34)


def test_networks_that_do_not_fit_are_refused_before_they_are_loaded(saved, tmp_path):
    import json
    import shutil

    folder = tmp_path / "mine"
    shutil.copytree(saved["flux"][1], folder)
    assert loader().recognise(folder)  # control: as it was saved, it is fine
    config = folder / "transformer" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"in_channels": 8}))
    with pytest.raises(StudioError, match="do not fit together"):
        loader().recognise(folder)
    shutil.rmtree(folder / "tokenizer_2")
    with pytest.raises(StudioError, match="not fit"):
        loader().recognise(folder)
