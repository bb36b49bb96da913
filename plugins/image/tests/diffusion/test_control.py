"""ControlNets and textual inversions: latents equal those of the library's own loop."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from plugins.image.tests.diffusion.test_additions import WISH, last, plain
from studio.api import BadInput, StudioError, finished
from studio_image.additions.control import Control, Led, check, edges
from studio_image.additions.controls.weights import CONTROL, ControlLoader
from studio_image.additions.inversion import Inversion, placed
from studio_image.additions.inversions.weights import INVERSION, InversionLoader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers
]
KINDS = {
    "sd": diffusers.StableDiffusionControlNetPipeline,
    "sdxl": diffusers.StableDiffusionXLControlNetPipeline,
}


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Everything in float32, also on a processor that has bfloat16."""
    monkeypatch.setattr(
        "studio_image.additions.controls.weights.native_dtype", lambda _: torch.float32
    )


@pytest.fixture(scope="module")
def networks(pipes):
    """A ControlNet for each of the tiny weights, with numbers in what is zero before training."""
    made = {}
    for name, pipe in pipes.items():
        torch.manual_seed(5)
        network = diffusers.ControlNetModel.from_unet(
            pipe.unet, conditioning_embedding_out_channels=(16, 32)
        )
        for layer in (*network.controlnet_down_blocks, network.controlnet_mid_block):
            torch.nn.init.normal_(layer.weight, std=0.2)
        torch.nn.init.normal_(network.controlnet_cond_embedding.conv_out.weight, std=0.2)
        made[name] = network.eval()
    return made


@pytest.fixture(scope="module")
def folder(networks, tmp_path_factory):
    root = tmp_path_factory.mktemp("controls") / "lines"
    networks["sd"].save_pretrained(root)
    return root


@pytest.mark.parametrize("which", KINDS)
def test_a_controlnet_leads_as_that_of_the_library(pipes, models, networks, which):
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    kind = lambda **parts: KINDS[which](**parts, controlnet=networks[which])  # noqa: E731
    asked = {"controlnet_conditioning_scale": 0.7, "control_guidance_end": 0.67}
    expected = plain(pipes[which], WISH, kind, image=picture, **asked)
    led = Led(Control("lines", "", networks[which]), picture, 0.7, 0.67)
    ours = last(models[which], replace(WISH, led=led))
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, last(models[which], WISH), atol=1e-2), "it leads"
    halved = last(models[which], replace(WISH, led=led, halves=True))
    assert torch.allclose(halved, expected, atol=1e-3)


def test_a_controlnet_comes_from_its_folder_and_fits_its_base_alone(
    models, networks, folder, tmp_path
):
    facts = ControlLoader().recognise(folder)
    assert (facts.family, facts.capabilities) == ("image-controlnet", (CONTROL,))
    control = finished(ControlLoader().load(folder, "cpu"))
    for name, value in networks["sd"].state_dict().items():
        assert torch.equal(control.network.state_dict()[name], value)
    check(models["sd"].pipe, control)
    with pytest.raises(BadInput, match="“lines” was made for another base model"):
        check(models["sdxl"].pipe, control)
    assert ControlLoader().recognise(tmp_path) is None


FIRST = (
    (r"time_embedding\.linear_1", "time_embed.0"), (r"time_embedding\.linear_2", "time_embed.2"),
    (r"controlnet_cond_embedding\.conv_in", "input_hint_block.0"),
    (r"controlnet_cond_embedding\.conv_out", "input_hint_block.14"),
    (r"controlnet_cond_embedding\.blocks\.(\d)", lambda m: f"input_hint_block.{2 * int(m[1]) + 2}"),
    (r"controlnet_down_blocks\.(\d)", r"zero_convs.\1.0"),
    (r"controlnet_mid_block", "middle_block_out.0"), (r"^conv_in", "input_blocks.0.0"),
    (r"mid_block\.resnets\.(\d)", lambda m: f"middle_block.{2 * int(m[1])}"),
    (r"mid_block\.attentions\.0", "middle_block.1"),
    (r"down_blocks\.(\d)\.resnets\.0", lambda m: f"input_blocks.{2 * int(m[1]) + 1}.0"),
    (r"down_blocks\.(\d)\.attentions\.0", lambda m: f"input_blocks.{2 * int(m[1]) + 1}.1"),
    (r"down_blocks\.0\.downsamplers\.0\.conv", "input_blocks.2.0.op"),
    (r"norm1\.(\w+)$", r"in_layers.0.\1"), (r"conv1\.", "in_layers.2."),
    (r"norm2\.(\w+)$", r"out_layers.0.\1"), (r"conv2\.", "out_layers.3."),
    (r"time_emb_proj", "emb_layers.1"), (r"conv_shortcut", "skip_connection"),
)  # fmt: skip
"""What the first code calls the parts of a network with one layer a level."""


def first_name(name):
    for now, then in FIRST:
        if "transformer_blocks" not in name or "attentions" in now:
            name = re.sub(now, then, name)
    return f"control_model.{name}"


@pytest.mark.parametrize("layout", ["today", "first"])
def test_a_controlnet_in_one_file_is_that_of_its_folder(networks, folder, tmp_path, layout):
    state = networks["sd"].state_dict()
    file = tmp_path / "lines.safetensors"
    names = {name: first_name(name) if layout == "first" else name for name in state}
    save_file({names[name]: value for name, value in state.items()}, file)
    facts = ControlLoader().recognise(file)
    assert facts.facts == ControlLoader().recognise(folder).facts
    assert facts.title == "lines"
    made = finished(ControlLoader().load(file, "cpu")).network
    assert made.state_dict().keys() == state.keys()
    for name, value in state.items():
        assert torch.equal(made.state_dict()[name], value)
    mine, its = made.config, networks["sd"].config
    for name in ("down_block_types", "block_out_channels", "conditioning_embedding_out_channels"):
        assert list(mine[name]) == list(its[name])


def test_other_kinds_of_one_file_are_refused(networks, tmp_path):
    file = tmp_path / "union.safetensors"
    save_file(networks["sd"].state_dict() | {"task_embedding": torch.zeros(2)}, file)
    with pytest.raises(StudioError, match="ControlNet Union"):
        ControlLoader().recognise(file)
    xlabs = ("input_hint_block.0.weight", "double_blocks.0.img_attn.qkv.weight")
    save_file({name: torch.zeros(2) for name in xlabs}, file)
    with pytest.raises(StudioError, match="first layout of XLabs") as refused:
        ControlLoader().recognise(file)
    assert "diffusers folder" in refused.value.hint


def test_edges_are_thin_and_where_they_should_be():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[10:30, 10:30] = 200
    found = edges(picture)
    assert found.shape == picture.shape
    assert set(np.unique(found)) == {0, 255}
    across = found[20, :, 0] > 0
    assert across.sum() == 2
    assert np.abs(np.flatnonzero(across) - [9.5, 29.5]).max() <= 1
    assert not edges(np.full((9, 9, 3), 80, np.uint8)).any()


def picture_bytes():
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)).save(
        stream, "PNG"
    )
    return stream.getvalue()


def test_the_task_is_led_by_a_picture_and_says_what_is_missing(draw, folder):
    control = {"lines": finished(ControlLoader().load(folder, "cpu"))}
    free = draw().artifacts[0].payload
    asked = {"inputs": {"control": picture_bytes()}, "more": control}
    led = draw(**asked, control="lines", control_from="edges").artifacts[0]
    assert led.payload != free
    assert led.meta["params"]["control"] == "lines"
    with pytest.raises(BadInput, match="no ControlNet"):
        draw(**asked, control=None)
    with pytest.raises(BadInput, match="does not support use as a ControlNet"):
        draw(**asked, control="sd")


# --- textual inversion ------------------------------------------------------------------------


def vectors(width, seed=3, tokens=2):
    return torch.randn(tokens, width, generator=torch.Generator().manual_seed(seed)) / 5


@pytest.mark.parametrize("which", ["sd", "sdxl"])
def test_an_inversion_is_what_new_tokens_would_be(pipes, models, tmp_path, which):
    """Against the tokens that the library itself would add."""
    keys = {"emb_params": vectors(32)}
    if which == "sdxl":
        keys = {"clip_l": vectors(32), "clip_g": vectors(32, 4)}
    save_file(keys, tmp_path / "my-cat.safetensors")
    assert InversionLoader().recognise(tmp_path / "my-cat.safetensors").capabilities == (INVERSION,)
    inversion = finished(InversionLoader().load(tmp_path / "my-cat.safetensors", "cpu"))
    wish = replace(WISH, prompt="a My-Cat, asleep", negative="rain my-cat", inversions=(inversion,))
    ours = last(models[which], wish)

    pipe = pipes[which]
    changed = []
    for reader, encoder, name in (
        (pipe.tokenizer, pipe.text_encoder, "emb_params" if which == "sd" else "clip_l"),
        *([(pipe.tokenizer_2, pipe.text_encoder_2, "clip_g")] if which == "sdxl" else []),
    ):
        owner = getattr(encoder, "text_model", encoder).embeddings.token_embedding
        # Two words that nothing else here says, in the place of new ones.
        for word, vector in zip(("zebra", "yellow"), keys[name], strict=True):
            (number,) = reader(word, add_special_tokens=False).input_ids
            changed.append((owner.weight, number, owner.weight[number].detach().clone()))
            owner.weight.data[number] = vector
    try:
        said = replace(wish, prompt="a zebra yellow, asleep", negative="rain zebra yellow")
        expected = plain(pipe, said)
    finally:
        for weight, number, before in changed:
            weight.data[number] = before
    assert torch.allclose(ours, expected, atol=1e-4)
    assert not torch.allclose(ours, last(models[which], replace(wish, inversions=())), atol=1e-3)


def test_words_are_found_whole_and_keep_their_weight():
    cat, cats = (
        Inversion(name, "", {"te1": vectors(4, tokens=n)}) for name, n in (("cat", 1), ("cat 2", 3))
    )
    pieces = placed([("a cat, ", 1.0), ("CAT 2", 1.3), (" concat", 1.0)], [cat, cats])
    assert [(p.text, p.weight, p.inversion) for p in pieces] == [
        ("a ", 1.0, None), ("x", 1.0, cat), (", ", 1.0, None), ("x x x", 1.3, cats),
        (" concat", 1.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        ({"emb_params": vectors(32) * float("nan")}, "invalid numbers"),
        ({"clip_l": vectors(32), "clip_g": vectors(32, tokens=3)}, "different lengths"),
        ({"emb_params": vectors(32, tokens=99)}, "no vectors of words"),
        ({"other": vectors(32)}, "no vectors of words"),
    ],
)
def test_what_is_no_inversion_is_told(tmp_path, tensors, why):
    save_file(tensors, tmp_path / "odd.safetensors")
    with pytest.raises(StudioError, match=why):
        finished(InversionLoader().load(tmp_path / "odd.safetensors", "cpu"))


def test_an_inversion_for_another_base_is_refused(draw):
    wide = Inversion("wide", "", {"te1": vectors(48)})
    with pytest.raises(BadInput, match="“wide” was made for another base model"):
        draw(more={"wide": wide}, inversions=["wide"], prompt="a wide cat")


def test_sixteen_bits_are_sixteen_bits(draw):
    deep = draw(bits="16").artifacts[0].payload
    assert deep[24] == 16
    shallow = np.asarray(Image.open(io.BytesIO(draw().artifacts[0].payload))).astype(int)
    seen = np.asarray(Image.open(io.BytesIO(deep)).convert("RGB")).astype(int)
    assert np.abs(seen - shallow).max() <= 1
