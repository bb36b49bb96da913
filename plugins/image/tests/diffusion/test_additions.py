"""What is added to diffusion weights and prompts: latents equal those of the library's own loop."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import diffusers
import pytest
import torch
from safetensors.torch import save_file

from plugins.image.tests.diffusion.tiny_pipelines import NOISE
from studio.api import BadInput, StudioError, finished
from studio_image import picture_arrays
from studio_image.additions import lora_keys
from studio_image.additions.lora import Worn, check
from studio_image.additions.weights import LORA, LoraLoader
from studio_image.diffusion.denoiser import FREEU, denoise
from studio_image.diffusion.noise import slerp
from studio_image.diffusion.prompt_words import weighed
from studio_image.diffusion.wish import Wish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers
]

WISH = Wish("a red fox", "rain", 32, 32, 3, 5.0, "euler")
RANK, ALPHA = 4, 2.0
LAYERS = (
    "unet:down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k",
    "unet:mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0",
    "unet:up_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj",
    "unet:down_blocks.0.resnets.0.conv1",
    "te1:encoder.layers.0.self_attn.q_proj",
    "te2:encoder.layers.1.mlp.fc1",
)
SPELLINGS = {
    "kohya": {"unet": "lora_unet_", "te1": "lora_te1_text_model_", "te2": "lora_te2_text_model_"},
    "diffusers": {
        "unet": "unet.", "te1": "text_encoder.text_model.", "te2": "text_encoder_2.text_model.",
    },
}  # fmt: skip


def last(model, wish, seed=7):
    return list(denoise(model, wish, torch.Generator().manual_seed(seed)))[-1].latents


def plain(pipe, wish, kind=None, **more):
    """Return the latents of the library's pipeline."""
    checked = {} if "text_encoder_2" in pipe.components else {"requires_safety_checker": False}
    whole = kind(**pipe.components, **checked) if kind else pipe
    whole.set_progress_bar_config(disable=True)
    before, whole.scheduler = (
        whole.scheduler,
        diffusers.EulerDiscreteScheduler(**NOISE, steps_offset=1, timestep_spacing="leading"),
    )
    asked = {"prompt": wish.prompt, "negative_prompt": wish.negative or None,
             "width": wish.width, "height": wish.height}  # fmt: skip
    try:
        return whole(
            **(asked | more), num_inference_steps=wish.steps, guidance_scale=wish.guidance,
            output_type="latent", generator=torch.Generator().manual_seed(7),
        ).images  # fmt: skip
    finally:
        whole.scheduler = before


def module_of(pipe, layer):
    part, _, name = layer.partition(":")
    network = {"unet": "unet", "te1": "text_encoder", "te2": "text_encoder_2"}[part]
    whole = getattr(pipe, network)
    return getattr(whole, "text_model", whole).get_submodule(name)


def matrices(pipe, seed):
    """Return (layer, down, up) for each layer that these weights have."""
    rng = torch.Generator().manual_seed(seed)
    for layer in LAYERS:
        if layer.startswith("te2") and getattr(pipe, "text_encoder_2", None) is None:
            continue
        weight = module_of(pipe, layer).weight
        down = torch.randn(RANK, *weight.shape[1:], generator=rng) / 4
        up = torch.randn(weight.shape[0], RANK, *[1] * (weight.ndim - 2), generator=rng)
        yield layer, down, up


def write(pipe, path, spelling="kohya", seed=1):
    tensors = {}
    for layer, down, up in matrices(pipe, seed):
        part, _, name = layer.partition(":")
        stem = SPELLINGS[spelling][part] + (name.replace(".", "_") if spelling == "kohya" else name)
        ways = ("lora_down", "lora_up") if spelling == "kohya" else ("lora_A", "lora_B")
        tensors |= {f"{stem}.{ways[0]}.weight": down, f"{stem}.{ways[1]}.weight": up}
        tensors[f"{stem}.alpha"] = torch.tensor(ALPHA)
    save_file(tensors, path)
    return path


def loaded(path):
    return finished(LoraLoader().load(path, "cpu"))


@contextmanager
def merged(pipe, strengths):
    """Let the pipeline have the matrices in its weights: seed of the LoRA → strength."""
    changed = []
    for seed, strength in strengths.items():
        for layer, down, up in matrices(pipe, seed):
            weight = module_of(pipe, layer).weight
            more = (up.flatten(1) @ down.flatten(1)).view_as(weight) * (strength * ALPHA / RANK)
            changed.append((weight, weight.detach().clone()))
            weight.data += more
    try:
        yield
    finally:
        for weight, before in reversed(changed):
            weight.data = before


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Everything in float32, also on a processor that has bfloat16."""
    monkeypatch.setattr("studio_image.additions.weights.native_dtype", lambda _: torch.float32)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("which", ["sd", "sdxl"])
def test_a_lora_is_what_its_matrices_in_the_weights_would_be(
    pipes, models, tmp_path, which, spelling
):
    lora = loaded(write(pipes[which], tmp_path / "inky.safetensors", spelling))
    check(models[which].layers, lora)
    before = last(models[which], WISH)
    with merged(pipes[which], {1: 0.8}):
        expected = plain(pipes[which], WISH)
    ours = last(models[which], replace(WISH, loras=(Worn(lora, 0.8),)))
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, before, atol=1e-2), "it changes something"
    assert torch.equal(last(models[which], WISH), before), "the weights are as they were"


def test_several_at_once_and_strengths_below_zero(pipes, models, tmp_path):
    loras = [loaded(write(pipes["sd"], tmp_path / f"{n}.safetensors", seed=n)) for n in (1, 2)]
    worn = (Worn(loras[0], 0.5), Worn(loras[1], -0.7))
    with merged(pipes["sd"], {1: 0.5, 2: -0.7}):
        expected = plain(pipes["sd"], WISH)
    assert torch.allclose(last(models["sd"], replace(WISH, loras=worn)), expected, atol=1e-4)


def test_every_layer_has_one_name_of_the_first_code(models):
    unet = models["sdxl"].pipe.unet
    attentive = frozenset(n for n, b in enumerate(unet.up_blocks) if hasattr(b, "attentions"))
    names = {}
    for name, module in unet.named_modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            names[name] = lora_keys.first_names(name, 2, attentive)
    names = {name: first for name, first in names.items() if first}
    assert len(set(names.values())) == len(names)
    block = "down_blocks.1.attentions.0.transformer_blocks.0"
    assert names[f"{block}.attn1.to_q"] == "input_blocks_4_1_transformer_blocks_0_attn1_to_q"
    assert names["mid_block.resnets.1.conv1"] == "middle_block_2_in_layers_2"
    assert names["up_blocks.0.upsamplers.0.conv"] == "output_blocks_2_2_conv"


def test_a_lora_for_another_base_is_refused_in_a_sentence(pipes, models, tmp_path):
    lora = loaded(write(pipes["sdxl"], tmp_path / "wide.safetensors"))
    with pytest.raises(BadInput, match="“wide” was made for another base model") as refused:
        check(models["sd"].layers, lora)
    assert "remove it" in refused.value.hint


def test_files_are_recognised_by_their_headers(pipes, tmp_path):
    facts = LoraLoader().recognise(write(pipes["sd"], tmp_path / "inky.safetensors"))
    assert (facts.family, facts.capabilities, facts.title) == ("image-lora", (LORA,), "inky")
    assert facts.facts["layers"] == len(LAYERS) - 1
    text = {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": torch.ones(2, 8)}
    save_file(text, tmp_path / "words.safetensors")
    assert LoraLoader().recognise(tmp_path / "words.safetensors") is None
    assert LoraLoader().recognise(tmp_path) is None


DOWN, UP, ONES = "lora_unet_a.lora_down.weight", "lora_unet_a.lora_up.weight", torch.ones
OF_FLUX = "lora_unet_single_blocks_0_linear1"
HOSTILE = {
    "LoHa": ({"lora_unet_a.hada_w1_a": ONES(2, 2)}, "kind LoHa"),
    "DoRA": ({DOWN: ONES(2, 2), "lora_unet_a.dora_scale": ONES(2)}, "kind DoRA"),
    "Wan": ({"diffusion_model.x.lora_A.weight": ONES(2, 2)}, "not supported"),
    "small Flux": (
        {
            f"lora_unet_single_blocks_0_linear1.lora_{way}.weight": ONES(2, 2)
            for way in ("down", "up")
        },
        "sizes",
    ),
    "half": ({DOWN: ONES(2, 2)}, "a is missing"),
    "unfit": ({DOWN: ONES(2, 4), UP: ONES(4, 3)}, "do not fit together"),
    "no numbers": ({DOWN: ONES(2, 4) * float("nan"), UP: ONES(4, 2)}, "invalid numbers"),
    "no scale": (
        {DOWN: ONES(2, 4), UP: ONES(4, 2), "lora_unet_a.alpha": torch.tensor(float("inf"))},
        "is not a number",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_added_is_told(tmp_path, name):
    tensors, why = HOSTILE[name]
    save_file(tensors, tmp_path / "odd.safetensors")
    with pytest.raises(StudioError, match=why):
        loaded(tmp_path / "odd.safetensors")


# --- prompts, noise, switches -----------------------------------------------------------------


@pytest.fixture
def leaning(pipes, models):
    """Let the text encoders' last layer have a mean, as trained ones do: weights keep it."""
    norms = [each.text_encoder.final_layer_norm for each in (pipes["sd"], models["sd"].pipe)]
    for norm in norms:
        norm.bias.data += 0.3
    yield
    for norm in norms:
        norm.bias.data -= 0.3


@pytest.mark.usefixtures("leaning")
@pytest.mark.parametrize("which", ["sd", "sdxl"])
def test_weights_of_words_multiply_what_the_text_encoders_say(pipes, models, which):
    pipe, wish = pipes[which], replace(WISH, prompt="a (red:1.4) fox", negative="(rain:0.5)")
    assert weighed(wish.prompt) == [("a ", 1.0), ("red", 1.4), (" fox", 1.0)]
    told = pipe.encode_prompt(
        prompt="a red fox", negative_prompt="rain", device="cpu", num_images_per_prompt=1,
        do_classifier_free_guidance=True,
    )  # fmt: skip
    told = [each.detach() for each in told]

    def counted(embeds, place, weight):  # the first token stands before the first word
        by_token = torch.ones(77)
        by_token[place] = weight
        made = embeds * by_token[None, :, None]
        return made * (embeds.mean() / made.mean())

    given = {
        "prompt_embeds": counted(told[0], 2, 1.4),
        "negative_prompt_embeds": counted(told[1], 1, 0.5),
    }
    if which == "sdxl":
        given |= {"pooled_prompt_embeds": told[2], "negative_pooled_prompt_embeds": told[3]}
    expected = plain(pipe, wish, prompt=None, negative_prompt=None, **given)
    ours = last(models[which], wish)
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, last(models[which], WISH), atol=1e-3)


def test_clip_skip_leaves_out_the_last_layers(pipes, models):
    pipe = pipes["sd"]
    ids = pipe.tokenizer("a red fox", padding="max_length", max_length=77, return_tensors="pt")
    empty = pipe.tokenizer("rain", padding="max_length", max_length=77, return_tensors="pt")
    with torch.no_grad():
        embeds = [
            pipe.text_encoder.final_layer_norm(
                pipe.text_encoder(each.input_ids, output_hidden_states=True).hidden_states[-2]
            )
            for each in (ids, empty)
        ]
    given = {"prompt_embeds": embeds[0], "negative_prompt_embeds": embeds[1]}
    expected = plain(pipe, WISH, prompt=None, negative_prompt=None, **given)
    assert torch.allclose(last(models["sd"], replace(WISH, clip_skip=2)), expected, atol=1e-5)
    assert len(models["sd"].pipe.text_encoder.encoder.layers) == 3


def test_a_variation_lies_between_two_seeds(pipes, models):
    shape = (1, 4, 16, 16)
    noises = [torch.randn(shape, generator=torch.Generator().manual_seed(n)) for n in (7, 8)]
    assert torch.allclose(slerp(*noises, 1.0), noises[1], atol=1e-4)
    half = slerp(*noises, 0.5)
    assert abs(half.std() - 1) < 0.1, "noise of full strength, as a mean would not be"
    assert (noises[0] + noises[1]).div(2).std() < 0.8
    ours = last(models["sd"], replace(WISH, variation=(8, 0.3)))
    expected = plain(pipes["sd"], WISH, latents=slerp(*noises, 0.3))
    assert torch.allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("which", ["sd", "sdxl"])
def test_freeu_is_that_of_the_library_and_is_taken_off_again(pipes, models, which):
    pipe = pipes[which]
    pipe.enable_freeu(*FREEU[which])
    try:
        expected = plain(pipe, WISH)
    finally:
        pipe.disable_freeu()
    before = last(models[which], WISH)
    ours = last(models[which], replace(WISH, freeu=True))
    assert torch.allclose(ours, expected, atol=1e-5)
    assert torch.equal(last(models[which], WISH), before)


# --- the task ---------------------------------------------------------------------------------


def test_the_task_borrows_loras_and_says_which_does_not_fit(pipes, draw, tmp_path):
    loras = {
        name: loaded(write(pipes[base], tmp_path / f"{name}.safetensors"))
        for name, base in (("inky", "sd"), ("wide", "sdxl"))
    }
    plain, inked = (draw(more=loras, **v).artifacts[0] for v in ({}, {"loras": ["inky"]}))
    assert plain.payload != inked.payload
    assert inked.meta["params"]["loras"] == ["inky"]
    none = draw(more=loras, loras=["inky"], lora_strengths=[0.0]).artifacts[0]
    assert (
        picture_arrays.read(none.payload).tobytes() == picture_arrays.read(plain.payload).tobytes()
    )
    with pytest.raises(BadInput, match="“wide” was made for another base"):
        draw(more=loras, loras=["wide"])
    with pytest.raises(BadInput, match="does not support use as a LoRA"):
        draw(loras=["sd"])


def test_each_picture_draws_its_own_of_what_the_prompt_leaves_open(draw, tmp_path):
    made = draw(prompt="a {red|blue|green|grey|white} fox", count=4)
    titles = [artifact.title for artifact in made.artifacts]
    assert len(set(titles)) > 1
    assert all("{" not in title for title in titles)
    again = draw(prompt="a {red|blue|green|grey|white} fox", seed=made.result["seeds"][2])
    assert again.artifacts[0].payload == made.artifacts[2].payload
    assert again.artifacts[0].meta["params"]["prompt"].startswith("a {red")
    (tmp_path / "animal.txt").write_text("hen\ncow\nowl", "utf-8")
    made = draw(prompt="a __animal__", count=4, wildcards=str(tmp_path))
    titles = [artifact.title for artifact in made.artifacts]
    assert len(set(titles)) > 1
    assert [each.meta["params"]["prompt"] for each in made.artifacts] == titles
    assert all(not each.meta["params"]["wildcards"] for each in made.artifacts)
    assert "choose a folder" in draw(prompt="a __animal__", count=1).result["note"]


def test_what_a_scheduler_cannot_do_is_said(draw):
    assert "no Karras noise levels" in draw(karras=True, scheduler="ddim").result["note"]
    assert draw(karras=True).result["note"] == ""
