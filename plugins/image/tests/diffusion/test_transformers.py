"""SD3, Flux, PixArt and Sana: tiny random ones, drawn as the pipeline of the library draws them."""

from __future__ import annotations

import inspect
import io
from contextlib import contextmanager
from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from plugins.image.tests.diffusion.test_additions import last
from plugins.image.tests.diffusion.tiny_transformers import KINDS, flux, make, still
from studio.api import BadInput, StudioError, finished
from studio_image.additions.control import Led
from studio_image.additions.control import check as check_control
from studio_image.additions.controls.weights import ControlLoader
from studio_image.additions.lora import Worn
from studio_image.additions.lora import check as check_lora
from studio_image.additions.weights import LoraLoader
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
    with pytest.raises(BadInput, match="multiple of 4"):
        draw("flux", width=34)


@pytest.mark.parametrize("name", ["sd3", "flux", "pixart", "sana"])
def test_when_memory_runs_out_less_is_done_at_a_time_and_that_is_said(
    draw, loaded, monkeypatch, name
):
    model = loaded[name]
    network, vae = model.network, model.pipe.vae
    forward, plain_decode = network.forward, type(vae).decode

    def narrow(*given, **named):
        if len(given[0] if given else named["hidden_states"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*given, **named)

    def only_tiles(self, *more, **options):
        if not self.use_tiling:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain_decode(self, *more, **options)

    whole = draw(name)
    monkeypatch.setattr(network, "forward", narrow)
    monkeypatch.setattr(type(vae), "decode", only_tiles)
    made = draw(name)
    halves = [] if name == "flux" else ["half of each step at a time"]  # it has one half
    assert made.artifacts[0].meta["reduced"] == [*halves, "the picture decoded in tiles"]
    pictures = [
        np.asarray(Image.open(io.BytesIO(each.artifacts[0].payload))).astype(int)
        for each in (whole, made)
    ]
    assert np.abs(pictures[0] - pictures[1]).mean() < 3


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


# --- LoRAs ------------------------------------------------------------------------------------

LAYERS = {
    "sd3": ("transformer_blocks.0.attn.to_q", "transformer_blocks.1.attn.to_out.0"),
    "flux": ("transformer_blocks.0.attn.add_q_proj", "single_transformer_blocks.1.proj_mlp"),
    "pixart": ("transformer_blocks.1.attn2.to_k",),
    "sana": ("transformer_blocks.0.attn1.to_v", "transformer_blocks.0.ff.conv_point"),
}
OF_WORDS = "encoder.layers.0.self_attn.q_proj"
RANK, ALPHA = 2, 3.0


def matrices(pipe, name):
    """Return module, what a file calls it, down and up for each layer of a LoRA."""
    rng = torch.Generator().manual_seed(1)
    places = [(pipe.transformer, "transformer.", layer) for layer in LAYERS[name]]
    if name in ("sd3", "flux"):
        owner = getattr(pipe.text_encoder, "text_model", pipe.text_encoder)
        places.append((owner, "text_encoder.text_model.", OF_WORDS))
    for network, before, layer in places:
        module = network.get_submodule(layer)
        down = torch.randn(RANK, *module.weight.shape[1:], generator=rng) / 4
        up = torch.randn(len(module.weight), RANK, *[1] * (down.ndim - 2), generator=rng)
        yield module, before + layer, down, up


@contextmanager
def merged(changes, strength):
    """Let modules have the products of matrices in their weights."""
    before = [module.weight.detach().clone() for module, *_ in changes]
    for module, _, down, up in changes:
        more = (up.flatten(1) @ down.flatten(1)).view_as(module.weight)
        module.weight.data += more * (strength * ALPHA / RANK)
    try:
        yield
    finally:
        for (module, *_), weight in zip(changes, before, strict=True):
            module.weight.data = weight


@pytest.fixture
def exact(monkeypatch):
    """Everything in float32, also on a processor that has bfloat16."""
    for module in ("additions", "additions.controls"):
        monkeypatch.setattr(f"studio_image.{module}.weights.native_dtype", lambda _: torch.float32)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("name", LAYERS)
def test_a_lora_is_what_its_matrices_in_the_weights_would_be(saved, loaded, tmp_path, name):
    pipe, model, changes = saved[name][0], loaded[name], list(matrices(saved[name][0], name))
    tensors, file = {}, tmp_path / "inky.safetensors"
    for _, layer, down, up in changes:
        tensors |= {f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up}
        tensors[f"{layer}.alpha"] = torch.tensor(ALPHA)
    save_file(tensors, file)
    facts = LoraLoader().recognise(file)
    assert facts.facts["layers"] == len(changes)
    assert facts.facts["base"].partition(" ")[0] in ("Flux", "Sana")
    lora = finished(LoraLoader().load(file, "cpu"))
    check_lora(model.layers, lora)
    before = last(model, WISH)
    with merged(changes, 0.8):
        expected = plain(pipe)
    ours = last(model, replace(WISH, loras=(Worn(lora, 0.8),)))
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, before, atol=1e-3), "it changes something"
    assert torch.equal(last(model, WISH), before), "the weights are as they were"


@pytest.mark.usefixtures("exact")
def test_a_lora_in_the_names_of_the_first_code_is_divided_as_diffusers_does(
    saved, loaded, tmp_path
):
    pipe, rng = saved["flux"][0], torch.Generator().manual_seed(1)
    block = pipe.transformer.transformer_blocks[0].attn
    whole = (block.to_q, block.to_k, block.to_v)
    down, up = torch.randn(RANK, 32, generator=rng), torch.randn(96, RANK, generator=rng)
    stem, file = "lora_unet_double_blocks_0_img_attn_qkv", tmp_path / "kohya.safetensors"
    tensors = {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
    save_file(tensors | {f"{stem}.alpha": torch.tensor(ALPHA)}, file)
    assert LoraLoader().recognise(file).facts == {"base": "Flux", "layers": 1, "parameters": 257}
    lora = finished(LoraLoader().load(file, "cpu"))
    check_lora(loaded["flux"].layers, lora)
    parts = [(module, "", down, part) for module, part in zip(whole, up.chunk(3), strict=True)]
    with merged(parts, 0.5):
        expected = plain(pipe)
    ours = last(loaded["flux"], replace(WISH, loras=(Worn(lora, 0.5),)))
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, last(loaded["flux"], WISH), atol=1e-3)
    with pytest.raises(BadInput, match="made for another base model"):
        check_lora(loaded["sana"].layers, lora)


# --- ControlNets ------------------------------------------------------------------------------


def control_for(name, pipe):
    """Return a ControlNet with numbers in what is zero before training, and the pipeline for it."""
    torch.manual_seed(5)
    kind, of_network, changes = {
        "flux": (diffusers.FluxControlNetPipeline, diffusers.FluxControlNetModel, {}),
        "flux-xlabs": (
            diffusers.FluxControlNetPipeline,
            diffusers.FluxControlNetModel,
            {
                "patch_size": 2,
                "num_layers": 1,
                "num_single_layers": 0,
                "conditioning_embedding_channels": 4,
            },
        ),
        "sana": (diffusers.SanaControlNetPipeline, diffusers.SanaControlNetModel, {}),
    }.get(
        name,
        (
            diffusers.StableDiffusion3ControlNetPipeline,
            diffusers.SD3ControlNetModel,
            {"num_layers": 1, "force_zeros_for_pooled_projection": name == "sd3-zeros"},
        ),
    )
    known = inspect.signature(of_network).parameters
    config = {key: value for key, value in pipe.transformer.config.items() if key in known}
    network = of_network(**config | changes)
    with torch.no_grad():
        for each in network.parameters():
            if not each.any():
                each.normal_(std=0.2)
    return network.eval(), kind(**pipe.components, controlnet=network)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("name", ["sd3", "sd3-zeros", "flux", "flux-xlabs", "sana"])
def test_a_controlnet_leads_as_that_of_the_library(saved, loaded, tmp_path, monkeypatch, name):
    base = name.partition("-")[0]
    whole, model = saved[base][0], loaded[base]
    if name == "flux-xlabs":  # it makes of a picture what is eight times smaller, as real latents
        whole = still(flux(widths=(32, 32, 32, 32)))
        whole.save_pretrained(tmp_path / "base")
        model = finished(build(read_plan(tmp_path / "base"), "cpu", torch.float32))
    network, pipe = control_for(name, whole)
    network.save_pretrained(tmp_path / "lines")
    facts = ControlLoader().recognise(tmp_path / "lines")
    assert facts.facts["base"][:4] in ("Stab", "Flux", "Sana")
    control = finished(ControlLoader().load(tmp_path / "lines", "cpu"))
    check_control(model.pipe, control)
    other = "flux" if base != "flux" else "sd3"
    for pipe_of_other in (loaded[other].pipe, loaded["pixart"].pipe):
        with pytest.raises(BadInput, match="“lines” was made for another base model"):
            check_control(pipe_of_other, control)
    # The library draws lots among what its autoencoder may see in the picture.
    likeliest = diffusers.models.autoencoders.vae.DiagonalGaussianDistribution
    monkeypatch.setattr(likeliest, "sample", lambda self, generator=None: self.mode())
    pipe.set_progress_bar_config(disable=True)
    picture = torch.rand(1, 3, 64, 32, generator=torch.Generator().manual_seed(2))
    # It takes tensors as what they are for the autoencoder, from -1 to 1.
    expected = plain(pipe, control_image=picture * 2 - 1, controlnet_conditioning_scale=0.7)
    led = Led(control, picture, 0.7)
    ours = last(model, replace(WISH, led=led))
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, last(model, WISH), atol=1e-3), "it leads"
    assert torch.allclose(last(model, replace(WISH, led=led, halves=True)), expected, atol=1e-4)
