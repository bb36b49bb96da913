"""Diffusion weights: tiny random ones, drawn as the pipeline of the library draws them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from plugins.image.tests.diffusion.tiny_pipelines import NOISE
from studio.api import BadInput, StudioError, finished
from studio.testing.guards import THOROUGH
from studio_image.diffusion.decoder import decode, glimpse
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import build
from studio_image.diffusion.weights import loader, read_plan
from studio_image.diffusion.wish import Wish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers
    pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning"),
]


def last(model, wish, seed=7):
    return list(denoise(model, wish, torch.Generator().manual_seed(seed)))[-1].latents


KINDS = {
    "default": "PNDMScheduler", "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler", "dpm++": "DPMSolverMultistepScheduler",
    "ddim": "DDIMScheduler", "lms": "LMSDiscreteScheduler", "heun": "HeunDiscreteScheduler",
    "dpm++-sde": "DPMSolverMultistepScheduler", "dpm2": "KDPM2DiscreteScheduler",
    "dpm2-a": "KDPM2AncestralDiscreteScheduler", "unipc": "UniPCMultistepScheduler",
    "pndm": "PNDMScheduler", "lcm": "LCMScheduler",
}  # fmt: skip


def pairs():
    """Each scheduler with the one or the other model, which it does not know; thorough, both."""
    for place, choice in enumerate(KINDS):
        for which in ("sd", "sdxl") if THOROUGH else (("sd", "sdxl")[place % 2],):
            yield which, choice


@pytest.mark.parametrize(("which", "choice"), pairs())
def test_latents_are_those_of_the_plain_loop(models, pipes, which, choice):
    pipe = pipes[which]
    config = {k: v for k, v in pipe.scheduler.config.items() if not k.startswith("_")}
    if choice != "default":
        config = {k: config[k] for k in (*NOISE, "steps_offset", "timestep_spacing")}
    config |= {
        "ddim": {"clip_sample": False, "set_alpha_to_one": False},
        "dpm++-sde": {"algorithm_type": "sde-dpmsolver++"},
        "pndm": {"skip_prk_steps": True},
    }.get(choice, {})
    before, pipe.scheduler = pipe.scheduler, getattr(diffusers, KINDS[choice])(**config)
    try:
        plain = pipe(
            "a red fox", negative_prompt="rain", width=48, height=32, num_inference_steps=4,
            guidance_scale=5.0, output_type="latent", generator=torch.Generator().manual_seed(7),
        ).images  # fmt: skip
    finally:
        pipe.scheduler = before
    ours = last(models[which], Wish("a red fox", "rain", 48, 32, 4, 5.0, choice))
    assert torch.equal(ours, plain)


@pytest.mark.parametrize("which", ["sd", "sdxl"])
@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_picture_to_picture_is_that_of_the_plain_loop(models, pipes, which, guidance):
    kind = {
        "sd": diffusers.StableDiffusionImg2ImgPipeline,
        "sdxl": diffusers.StableDiffusionXLImg2ImgPipeline,
    }[which]
    start = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    more = {"requires_safety_checker": False} if which == "sd" else {}
    pipe = kind(**pipes[which].components, **more)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = diffusers.EulerDiscreteScheduler(
        **NOISE, steps_offset=1, timestep_spacing="leading"
    )
    plain = pipe(
        "a red fox", image=start, strength=0.6, num_inference_steps=5, guidance_scale=guidance,
        output_type="latent", generator=torch.Generator().manual_seed(7),
    ).images  # fmt: skip
    wish = Wish("a red fox", "", 32, 32, 5, guidance, "euler", start, 0.6)
    ours = last(models[which], wish)
    assert torch.allclose(ours, plain, atol=1e-5)


def test_facts_come_from_headers(folders, pipes):
    for name, path in folders.items():
        facts = loader().recognise(path)
        assert facts.capabilities == ("text-to-image",)
        assert facts.facts["native_size"] == 32
        whole = pipes[name].components.values()
        networks = [part for part in whole if isinstance(part, torch.nn.Module)]
        expected = sum(p.numel() for network in networks for p in network.parameters())
        assert facts.facts["parameters"] == expected
        assert loader().measure(path).weights_bytes >= 2 * expected


def test_other_things_are_not_ours(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert loader().recognise(tmp_path) is None
    assert loader().recognise(tmp_path / "config.json") is None


# --- the task ---------------------------------------------------------------------------------


def test_a_preview_at_every_step_and_the_second_picture_is_the_next_seed(draw):
    two = draw(count=2)
    assert [p.done for p in two.progress] == [0, 1, 2, 3, 3, 4, 5, 6]
    assert all(p.preview.dtype == np.uint8 and p.preview.shape[2] == 3 for p in two.progress)
    assert two.result["seeds"] == [3, 4]
    pictures = [Image.open(io.BytesIO(a.payload)) for a in two.artifacts]
    assert [p.size for p in pictures] == [(32, 32)] * 2
    alone = Image.open(io.BytesIO(draw(seed=4).artifacts[0].payload))
    assert np.array_equal(np.asarray(pictures[1]), np.asarray(alone))
    assert not np.array_equal(*map(np.asarray, pictures))


def test_more_of_one_recipe_does_not_start_anew_and_what_is_damaged_does(draw):
    def seen(made):
        return [np.asarray(Image.open(io.BytesIO(a.payload))).tobytes() for a in made.artifacts]

    kept = {}
    draw(kept=kept)
    ((key, data),) = kept.items()
    more = draw(count=2, kept=kept)
    assert [p.done for p in more.progress] == [3, 3, 4, 5, 6], "the first was there"
    assert seen(more) == seen(draw(count=2)), "as without what was kept"
    changes = ({"steps": 2}, {"prompt": "fox"}, {"seed": 9}, {"width": 64}, {"guidance": 3.0})
    for change in (*changes, {"scheduler": "ddim"}):
        assert draw(kept=kept, **change).progress[0].done == 0, change
    for damage in (b"", data[:-9], data + b"x", b"{}" * 40):
        kept.clear()
        kept[key] = damage
        assert draw(kept=kept).progress[0].done == 0
        assert kept[key] == data


def test_it_stops_within_a_step_and_keeps_what_is_done(draw):
    made = draw(count=4, stop_after=7)
    assert made.cancelled
    assert made.steps == 7
    assert len(made.artifacts) == 1


def test_it_begins_with_a_picture_of_any_shape(draw):
    stream = io.BytesIO()
    Image.new("RGBA", (90, 40), (200, 30, 30, 255)).save(stream, "PNG")
    made = draw(inputs={"image": stream.getvalue()}, strength=0.34, prompt="fox")
    assert made.result["width"] > made.result["height"]
    assert made.progress[-1].total == 1


def test_a_size_that_does_not_fit_is_refused(draw):
    with pytest.raises(BadInput, match="multiple of 2"):
        draw(width=33, height=34)


def test_when_memory_runs_out_less_is_done_at_a_time_and_the_record_says_so(
    draw, models, monkeypatch
):
    """Half of each step at a time; the decoder in tiles. The picture is nearly the same."""
    whole = draw()
    unet, vae = models["sd"].pipe.unet, models["sd"].pipe.vae
    forward, plain = type(unet).forward, type(vae).decode

    def narrow(self, sample, *more, **options):
        if len(sample) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, sample, *more, **options)

    def only_tiles(self, *more, **options):
        if not self.use_tiling:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(self, *more, **options)

    monkeypatch.setattr(type(unet), "forward", narrow)
    monkeypatch.setattr(type(vae), "decode", only_tiles)
    made = draw()
    assert made.artifacts[0].meta["reduced"] == [
        "half of each step at a time",
        "the picture decoded in tiles",
    ]
    assert "reduced" not in whole.artifacts[0].meta
    assert not vae.use_tiling, "others find the decoder as it was"
    pictures = [
        np.asarray(Image.open(io.BytesIO(each.artifacts[0].payload))).astype(int)
        for each in (whole, made)
    ]
    assert np.abs(pictures[0] - pictures[1]).mean() < 3


def test_networks_that_left_their_card_draw_the_same_when_they_are_back(draw, models):
    from studio_image.diffusion.weights import DiffusionLoader

    before = draw().artifacts[0].payload
    DiffusionLoader().park(models["sd"])
    DiffusionLoader().unpark(models["sd"], "cpu")
    assert draw().artifacts[0].payload == before


# --- numbers that are none --------------------------------------------------------------------


def test_not_a_number_at_any_step_is_found(models, monkeypatch):
    model = models["sd"]
    unet = type(model.pipe.unet)
    forward = unet.forward
    for bad in range(3):
        calls = iter(range(99))

        def broken(self, *args, calls=calls, bad=bad, **kwargs):
            (noise,) = forward(self, *args, **kwargs)
            return (noise * (float("nan") if next(calls) == bad else 1.0),)

        monkeypatch.setattr(unet, "forward", broken)
        with pytest.raises(StudioError, match=f"step {bad + 1} of 3"):
            last(model, Wish("fox", "", 32, 32, 3, 5.0, "euler"))


@pytest.mark.parametrize("which", ["sd", "sdxl"])
def test_a_step_that_half_precision_has_no_numbers_for_is_computed_in_float32(
    folders, monkeypatch, which
):
    model = finished(build(read_plan(folders[which]), "cpu", torch.bfloat16))
    wish = Wish("fox", "", 32, 32, 3, 5.0, "dpm++")
    unet = type(model.pipe.unet)
    forward, before = unet.forward, {k: v.clone() for k, v in model.pipe.unet.state_dict().items()}
    right = last(model, wish)
    for bad in range(3):
        done = []

        def broken(self, *args, done=done, bad=bad, **kwargs):
            (noise,) = forward(self, *args, **kwargs)
            done.append(self.dtype)
            is_bad = self.dtype == torch.bfloat16 and done.count(torch.bfloat16) == bad + 1
            return (noise * (float("nan") if is_bad else 1.0),)

        monkeypatch.setattr(unet, "forward", broken)
        made = last(model, wish)
        assert torch.isfinite(made).all()
        assert (made - right).abs().max() < 0.1 * right.abs().max()
        assert done.count(torch.float32) == 1
        assert done.index(torch.float32) == bad + 1
        monkeypatch.setattr(unet, "forward", forward)
    after = model.pipe.unet.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_flat_picture_is_decoded_again_and_is_a_failure_then(draw, models, monkeypatch):
    kind = type(models["sd"].pipe.vae)
    plain = kind.decode
    monkeypatch.setattr(kind, "decode", lambda *a, **k: (plain(*a, **k)[0] * 0 - 1,))
    with pytest.raises(StudioError, match="not blank"):
        draw()


def test_the_decoder_is_tried_again_in_float32(folders, monkeypatch):
    model = finished(build(read_plan(folders["sd"]), "cpu", torch.bfloat16))
    latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    kind = type(model.pipe.vae)
    plain = kind.decode

    def overflowing(self, latents, **options):
        (pixels,) = plain(self, latents, **options)
        return (pixels * (float("nan") if self.dtype == torch.bfloat16 else 1.0),)

    assert not decode(model, latents)[1]
    monkeypatch.setattr(kind, "decode", overflowing)
    pixels, again = decode(model, latents)
    assert again
    assert torch.isfinite(pixels).all()
    assert model.pipe.vae.dtype == torch.bfloat16
    monkeypatch.setattr(kind, "decode", lambda *a, **k: (plain(*a, **k)[0] * float("nan"),))
    with pytest.raises(StudioError, match="float32"):
        decode(model, latents)


def test_the_preview_resembles_the_picture(models):
    """Flat latents: the colours guessed are nearer to the decoder's than the grey of no guess."""
    model = models["sd"]
    colour = torch.randn(1, 4, 1, 1, generator=torch.Generator().manual_seed(5))
    latents = colour.expand(1, 4, 16, 16)
    pixels, _ = decode(model, latents)
    wanted = pixels[0, :, 12:20, 12:20].mean((1, 2)).numpy()
    guessed = glimpse(model, latents)[8, 8] / 255
    assert np.abs(guessed - wanted).mean() < 0.1


# --- what a folder may not do -----------------------------------------------------------------


@pytest.fixture
def copy(folders, tmp_path):
    import shutil

    return Path(shutil.copytree(folders["sd"], tmp_path / "mine"))


def changed(path: Path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_class_name", "FluxPipeline"),
        ("_class_name", "KandinskyPipeline"),
        ("_class_name", ["my_pipeline", "Mine"]),
        ("unet", ["my_unet", "UNet2DConditionModel"]),
        ("unet", ["diffusers", "eval"]),
        ("vae", ["diffusers", "UNet2DConditionModel"]),
        ("text_encoder", ["transformers", "AutoModel"]),
        ("scheduler", ["os", "system"]),
        ("helper", ["helper", "Helper"]),
        ("tokenizer", ["transformers"]),
        ("unet", [{"a": 1}, None]),
    ],
)
def test_classes_outside_the_table_are_refused_by_name(copy, key, value):
    assert loader().recognise(copy)  # control: as it was saved, it is fine
    changed(copy / "model_index.json", **{key: value})
    (copy / "my_unet.py").write_text("raise SystemExit('this ran')")
    with pytest.raises(StudioError, match="not supported"):
        loader().recognise(copy)


def test_pickles_are_not_opened(copy, tmp_path):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(StudioError, match="unet as a pickle"):
        loader().recognise(copy)
    (tmp_path / "model.ckpt").write_bytes(b"\x80\x04.")
    with pytest.raises(StudioError, match="pickle"):
        loader().recognise(tmp_path / "model.ckpt")


def test_broken_folders_are_told(copy):
    changed(copy / "unet" / "config.json", layers_per_block=10**9)
    with pytest.raises(StudioError, match="layers_per_block"):
        loader().recognise(copy)
    changed(copy / "unet" / "config.json", layers_per_block=1)
    changed(copy / "text_encoder" / "config.json", num_hidden_layers=4)
    with pytest.raises(StudioError, match="missing"):
        finished(loader().load(copy, "cpu"))
    changed(copy / "text_encoder" / "config.json", num_hidden_layers=2)
    with pytest.raises(StudioError, match="is unknown"):
        finished(loader().load(copy, "cpu"))
    changed(copy / "text_encoder" / "config.json", num_hidden_layers=3)
    changed(copy / "unet" / "config.json", block_out_channels=[32, 32])
    with pytest.raises(StudioError, match="shape"):
        finished(loader().load(copy, "cpu"))
    changed(copy / "unet" / "config.json", in_channels=9)
    with pytest.raises(StudioError, match="editing pictures"):
        loader().recognise(copy)
    weights = copy / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(StudioError, match="safetensors"):
        loader().recognise(copy)
    (copy / "model_index.json").write_text("[" * 100_000)
    with pytest.raises(StudioError, match="cannot be read"):
        loader().recognise(copy)


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ("unet", "sample_size", "64"),
        ("unet", "sample_size", []),
        ("unet", "cross_attention_dim", 31),
        ("unet", "in_channels", None),
        ("vae", "latent_channels", 16),
        ("vae", "scaling_factor", "much"),
        ("text_encoder", "max_position_embeddings", 64),
        ("text_encoder", "hidden_size", 2**70),
        ("text_encoder", "hidden_act", "os.system"),
        ("text_encoder", "vocab_size", 1000),
        ("text_encoder", "num_attention_heads", 0),
        ("unet", "down_block_types", ["Mine", "DownBlock2D"]),
        ("unet", "norm_num_groups", 0),
        ("scheduler", "num_train_timesteps", 10**12),
        ("scheduler", "beta_schedule", "mine"),
        ("scheduler", "num_train_timesteps", "many"),
        ("vae", "block_out_channels", [32.5]),
    ],
)
def test_configs_that_make_no_sense_are_told(copy, where, key, value):
    name = "scheduler_config.json" if where == "scheduler" else "config.json"
    changed(copy / where / name, **{key: value})
    with pytest.raises(StudioError, match=r"“.*” (cannot be used|takes)"):
        finished(loader().load(copy, "cpu"))


def test_xl_networks_that_do_not_fit(folders, tmp_path):
    import shutil

    mine = Path(shutil.copytree(folders["sdxl"], tmp_path / "mine"))
    changed(mine / "unet" / "config.json", addition_time_embed_dim=16)
    with pytest.raises(StudioError, match="do not fit together"):
        loader().recognise(mine)


def test_without_the_extra_a_sentence_says_how_to_add_it(folders, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec

    def find_spec(name, package=None):
        return None if name == "diffusers" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert loader().recognise(folders["sd"])
    with pytest.raises(StudioError, match="diffusers") as caught:
        finished(loader().load(folders["sd"], "cpu"))
    assert "pip install" in caught.value.hint
