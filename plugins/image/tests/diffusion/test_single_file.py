"""Single-file diffusion weights: tiny ones, written in the old layout, draw as their pipeline."""

from __future__ import annotations

import re

import diffusers
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from studio.api import StudioError, finished
from studio_image.diffusion.clip_tokenizer import tokenizer
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import build
from studio_image.diffusion.model_spec import Vocabulary
from studio_image.diffusion.weights import loader, read_plan
from studio_image.diffusion.wish import Wish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers
]
LAYERS = 1
KINDS = ("v1", "v2", "xl")


def text(kind=transformers.CLIPTextModel, layers=3, act="quick_gelu"):
    return kind(
        transformers.CLIPTextConfig(
            hidden_size=32, intermediate_size=37, num_hidden_layers=layers, num_attention_heads=1,
            vocab_size=49408, projection_dim=32, hidden_act=act,
        )
    )  # fmt: skip


def pipeline(kind: str):
    torch.manual_seed(1)
    unet = {
        "block_out_channels": (32, 64), "layers_per_block": LAYERS,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32, "attention_head_dim": 8,
    }  # fmt: skip
    if kind != "v1":
        unet |= {"attention_head_dim": (1, 1), "use_linear_projection": True}
    if kind == "xl":
        unet |= {
            "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 80, "cross_attention_dim": 64,
            "transformer_layers_per_block": (1, 2),
        }  # fmt: skip
    common = {
        "unet": diffusers.UNet2DConditionModel(**unet),
        "vae": diffusers.AutoencoderKL(
            block_out_channels=(32, 64), latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        "text_encoder": text(layers=2, act="gelu") if kind == "v2" else text(),
        "tokenizer": tokenizer(Vocabulary(None, "!" if kind == "v2" else "<|endoftext|>")),
        "scheduler": diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
            timestep_spacing="leading",
        ),
    }  # fmt: skip
    if kind == "xl":
        return diffusers.StableDiffusionXLPipeline(
            **common, text_encoder_2=text(transformers.CLIPTextModelWithProjection, act="gelu"),
            tokenizer_2=tokenizer(Vocabulary(None, "!")), add_watermarker=False,
        )  # fmt: skip
    return diffusers.StableDiffusionPipeline(
        **common, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


# --- the old layout, written from the new one -------------------------------------------------


def swapped(name: str, pairs: dict[str, str]) -> str:
    for new, old in pairs.items():
        name = name.replace(new, old)
    return name


def old_unet(name: str) -> str:
    name = swapped(
        name,
        {
            "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
            "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
            "conv_in.": "input_blocks.0.0.", "conv_norm_out": "out.0", "conv_out": "out.2",
            "mid_block.resnets.0": "middle_block.0", "mid_block.resnets.1": "middle_block.2",
            "mid_block.attentions.0": "middle_block.1", "time_emb_proj": "emb_layers.1",
            "conv_shortcut": "skip_connection",
        },
    )  # fmt: skip
    if "resnets" in name or "middle_block.0" in name or "middle_block.2" in name:
        name = swapped(
            name,
            {".norm1": ".in_layers.0", ".conv1": ".in_layers.2", ".norm2": ".out_layers.0",
             ".conv2": ".out_layers.3"},
        )  # fmt: skip
    each = LAYERS + 1
    kinds = {"resnets": 0, "attentions": 1}

    def down(m):
        return f"input_blocks.{1 + int(m[1]) * each + int(m[3])}.{kinds[m[2]]}"

    def up(m):
        return f"output_blocks.{int(m[1]) * each + int(m[3])}.{kinds[m[2]]}"

    name = re.sub(r"down_blocks\.(\d)\.(resnets|attentions)\.(\d)", down, name)
    name = re.sub(r"up_blocks\.(\d)\.(resnets|attentions)\.(\d)", up, name)
    name = name.replace("down_blocks.0.downsamplers.0.conv", f"input_blocks.{each}.0.op")
    return name.replace("up_blocks.0.upsamplers.0.conv", f"output_blocks.{LAYERS}.2.conv")


def old_vae(name: str) -> str:
    name = swapped(
        name,
        {
            "conv_norm_out": "norm_out", "conv_shortcut": "nin_shortcut",
            "mid_block.resnets.0": "mid.block_1", "mid_block.resnets.1": "mid.block_2",
            "mid_block.attentions.0.": "mid.attn_1.", "group_norm": "norm", "to_q": "q",
            "to_k": "k", "to_v": "v", "to_out.0": "proj_out", "downsamplers.0": "downsample",
            "upsamplers.0": "upsample", "resnets": "block", "down_blocks": "down",
        },
    )  # fmt: skip
    return re.sub(r"up_blocks\.(\d)", lambda m: f"up.{1 - int(m[1])}", name)


def old_open_clip(state: dict, prefix: str, spare_layer: bool) -> dict:
    state = {name.removeprefix("text_model."): tensor for name, tensor in state.items()}
    names = {
        "embeddings.token_embedding.weight": "token_embedding.weight",
        "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm": "ln_final",
        "encoder.layers.": "transformer.resblocks.", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
        "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "self_attn": "attn",
    }  # fmt: skip
    old = {}
    for name, tensor in state.items():
        if ".q_proj." in name:
            rest = [state[name.replace("q_proj", letter)] for letter in ("k_proj", "v_proj")]
            key = swapped(name, names).replace("q_proj.", "in_proj_")
            old[prefix + key] = torch.cat([tensor, *rest])
        elif name == "text_projection.weight":
            old[prefix + "text_projection"] = tensor.T.contiguous()
        elif ".k_proj." not in name and ".v_proj." not in name:
            old[prefix + swapped(name, names)] = tensor
    if spare_layer:
        last = {k: v for k, v in old.items() if ".resblocks.1." in k}
        old |= {k.replace(".resblocks.1.", ".resblocks.2."): v.clone() for k, v in last.items()}
        old[prefix + "text_projection"] = torch.eye(32)
    return old


def old_layout(pipe, kind: str) -> dict:
    state = {f"model.diffusion_model.{old_unet(k)}": v for k, v in pipe.unet.state_dict().items()}
    for name, tensor in pipe.vae.state_dict().items():
        is_attention = "attentions" in name and "weight" in name and "norm" not in name
        state[f"first_stage_model.{old_vae(name)}"] = (
            tensor[..., None, None] if is_attention else tensor
        )
    words = {k.removeprefix("text_model."): v for k, v in pipe.text_encoder.state_dict().items()}
    if kind == "v2":
        return state | old_open_clip(words, "cond_stage_model.model.", spare_layer=True)
    prefix = "cond_stage_model." if kind == "v1" else "conditioner.embedders.0."
    state |= {f"{prefix}transformer.text_model.{k}": v for k, v in words.items()}
    state[f"{prefix}transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    if kind == "xl":
        second = pipe.text_encoder_2.state_dict()
        state |= old_open_clip(second, "conditioner.embedders.1.model.", spare_layer=False)
        state["conditioner.embedders.1.model.logit_scale"] = torch.ones(())
    return state


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    pipes = {kind: pipeline(kind) for kind in KINDS}
    for kind, pipe in pipes.items():
        pipe.set_progress_bar_config(disable=True)
        state = {k: v.contiguous().clone() for k, v in old_layout(pipe, kind).items()}
        save_file(state, folder / f"{kind}-base.safetensors")
    return folder, pipes


@pytest.mark.parametrize("kind", KINDS)
def test_it_draws_as_the_pipeline_it_was_written_from(made, kind):
    folder, pipes = made
    model = finished(build(read_plan(folder / f"{kind}-base.safetensors"), "cpu", torch.float32))
    plain = pipes[kind](
        "a red fox", width=16, height=16, num_inference_steps=3, guidance_scale=5.0,
        output_type="latent", generator=torch.Generator().manual_seed(7),
    ).images  # fmt: skip
    wish = Wish("a red fox", "", 16, 16, 3, 5.0)
    ours = list(denoise(model, wish, torch.Generator().manual_seed(7)))[-1].latents
    assert torch.equal(ours, plain)
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    pixels = [m.decode(latents, return_dict=False)[0] for m in (model.pipe.vae, pipes[kind].vae)]
    assert torch.allclose(*pixels, atol=1e-6)


def test_facts_of_a_file(made):
    folder, _ = made
    facts = {kind: loader().recognise(folder / f"{kind}-base.safetensors") for kind in KINDS}
    assert facts["xl"].facts["architecture"] == "Stable Diffusion XL"
    assert facts["v1"].facts["layout"] == "single file"
    assert all(each.facts["prediction"] == "epsilon" for each in facts.values())
    (folder / "v2-768.safetensors").write_bytes((folder / "v2-base.safetensors").read_bytes())
    assert loader().recognise(folder / "v2-768.safetensors").facts["prediction"] == "v_prediction"


def test_files_that_are_not_whole(tmp_path, made):
    folder, pipes = made
    state = {k: v.contiguous().clone() for k, v in old_layout(pipes["v1"], "v1").items()}
    save_file({"weight": torch.ones(3)}, tmp_path / "other.safetensors")
    assert loader().recognise(tmp_path / "other.safetensors") is None
    bare = {k: v for k, v in state.items() if not k.startswith("cond_stage_model")}
    save_file(bare, tmp_path / "unet.safetensors")
    with pytest.raises(StudioError, match="no supported text encoder"):
        loader().recognise(tmp_path / "unet.safetensors")
    del state["model.diffusion_model.out.2.weight"]
    save_file(state, tmp_path / "hole.safetensors")
    with pytest.raises(StudioError, match=r"out\.2\.weight"):
        loader().recognise(tmp_path / "hole.safetensors")
    whole = (folder / "v1-base.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StudioError, match="not a complete safetensors"):
        loader().recognise(tmp_path / "half.safetensors")


def test_the_usual_vocabulary_gives_the_numbers_the_encoders_were_trained_with():
    ids = tokenizer(Vocabulary(None))("a photo of a cat").input_ids
    assert ids == [49406, 320, 1125, 539, 320, 2368, 49407]


def test_floats_of_eight_bits_are_read_with_their_scales(made, tmp_path):
    """Weights of the U-Net as ComfyUI scales them, all others only cut short."""
    eight, wide = {}, {}
    for name, tensor in load_file(made[0] / "v1-base.safetensors").items():
        eight[name] = wide[name] = tensor
        if not tensor.is_floating_point():
            continue
        scale = tensor.abs().max().clamp(min=1e-6) / 448
        if name.startswith("model.diffusion_model.") and name.endswith(".weight"):
            eight[name] = (tensor / scale).to(torch.float8_e4m3fn)
            eight[name.removesuffix("weight") + "scale_weight"] = scale
            wide[name] = (eight[name].float() * scale).to(torch.bfloat16)
        else:
            eight[name] = tensor.to(torch.float8_e5m2)
            wide[name] = eight[name].float()
    eight["model.diffusion_model.scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    networks = []
    for stem, state in {"eight": eight, "wide": wide}.items():
        save_file(state, tmp_path / f"{stem}-base.safetensors")
        plan = read_plan(tmp_path / f"{stem}-base.safetensors")
        networks.append(finished(build(plan, "cpu", torch.float32)).pipe)
    for part in ("unet", "vae", "text_encoder"):
        found, expected = (getattr(pipe, part).state_dict() for pipe in networks)
        assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
