"""Stable Diffusion 3 in one file: a tiny one in the first layout draws as its pipeline."""

from __future__ import annotations

import re

import diffusers
import pytest
import torch
import transformers
from safetensors.torch import save_file

from plugins.image.tests.diffusion.test_single_file import old_vae, text
from plugins.image.tests.diffusion.tiny_transformers import clip_words
from studio.api import StudioError, finished
from studio_image.diffusion.clip_tokenizer import tokenizer
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import build
from studio_image.diffusion.model_spec import Vocabulary
from studio_image.diffusion.weights import loader, read_plan
from studio_image.diffusion.wish import Wish

pytestmark = [pytest.mark.slow, pytest.mark.torch]
LAYERS = 2
QKV = re.compile(r"transformer_blocks\.(\d)\.(attn2?)\.(to_|add_)q(_proj)?\.(weight|bias)")
NAMES = (
    (r"pos_embed\.pos_embed", "pos_embed"), (r"pos_embed\.proj", "x_embedder.proj"),
    (r"time_text_embed\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
    (r"time_text_embed\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
    (r"time_text_embed\.text_embedder\.linear_1", "y_embedder.mlp.0"),
    (r"time_text_embed\.text_embedder\.linear_2", "y_embedder.mlp.2"),
    (r"proj_out", "final_layer.linear"), (r"norm_out\.linear", "final_layer.adaLN_modulation.1"),
    (r"^transformer_blocks", "joint_blocks"),
    (r"norm1_context\.linear", "context_block.adaLN_modulation.1"),
    (r"norm1\.linear", "x_block.adaLN_modulation.1"),
    (r"attn\.to_add_out", "context_block.attn.proj"), (r"attn\.to_out\.0", "x_block.attn.proj"),
    (r"attn2\.to_out\.0", "x_block.attn2.proj"),
    (r"ff_context\.net\.0\.proj", "context_block.mlp.fc1"),
    (r"ff_context\.net\.2", "context_block.mlp.fc2"),
    (r"\.ff\.net\.0\.proj", ".x_block.mlp.fc1"), (r"\.ff\.net\.2", ".x_block.mlp.fc2"),
    (r"attn\.norm_added_([qk])", r"context_block.attn.ln_\1"),
    (r"(attn2?)\.norm_([qk])", r"x_block.\1.ln_\2"),
)  # fmt: skip
"""What the first code calls the layers."""


def old_transformer(state: dict) -> dict:
    old = {}
    for name, tensor in state.items():
        if found := QKV.fullmatch(name):
            which = "context_block" if found[3] == "add_" else "x_block"
            rest = [state[re.sub(r"(to_|add_)q", rf"\g<1>{each}", name)] for each in "kv"]
            key = f"joint_blocks.{found[1]}.{which}.{found[2]}.qkv.{found[5]}"
            old[key] = torch.cat([tensor, *rest])
            continue
        if re.search(r"\.(to|add)_[kv](_proj)?\.", name):
            continue
        key = name
        for now, then in NAMES:
            key = re.sub(now, then, key)
        # The last context has scale and shift the other way round, as has the end.
        is_swapped = "norm_out" in name or f"{LAYERS - 1}.norm1_context" in name
        old[key] = torch.cat(tensor.chunk(2)[::-1]) if is_swapped else tensor
    return {f"model.diffusion_model.{name}": tensor for name, tensor in old.items()}


def pipeline(is_35: bool):
    torch.manual_seed(0)
    kind = transformers.CLIPTextModelWithProjection
    newer = {"qk_norm": "rms_norm", "dual_attention_layers": (0,)} if is_35 else {}
    pipe = diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(
            patch_size=2, in_channels=4, out_channels=4, num_layers=LAYERS, attention_head_dim=64,
            num_attention_heads=1, joint_attention_dim=64, caption_projection_dim=64,
            pooled_projection_dim=64, pos_embed_max_size=32, **newer,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=diffusers.AutoencoderKL(
            block_out_channels=(32, 64), latent_channels=4, scaling_factor=1.5305,
            shift_factor=0.0609, down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        text_encoder=text(kind), tokenizer=clip_words(), text_encoder_2=text(kind, act="gelu"),
        tokenizer_2=tokenizer(Vocabulary(None, "!")), text_encoder_3=None, tokenizer_3=None,
    )  # fmt: skip
    pipe.text_encoder.text_projection.weight.data = torch.eye(32)  # files of CLIP L have none
    pipe.set_progress_bar_config(disable=True)
    return pipe


def old_layout(pipe) -> dict:
    state = old_transformer(pipe.transformer.state_dict())
    for name, tensor in pipe.vae.state_dict().items():
        is_attention = "attentions" in name and "weight" in name and "norm" not in name
        whole = tensor[..., None, None] if is_attention else tensor
        state[f"first_stage_model.{old_vae(name)}"] = whole
    for letter, encoder in (("l", pipe.text_encoder), ("g", pipe.text_encoder_2)):
        for name, tensor in encoder.state_dict().items():
            known = name if name.startswith("text_") else f"text_model.{name}"
            state[f"text_encoders.clip_{letter}.transformer.{known}"] = tensor
    del state["text_encoders.clip_l.transformer.text_projection.weight"]
    state["text_encoders.t5xxl.transformer.shared.weight"] = torch.ones(4, 4)
    return {name: tensor.contiguous().clone() for name, tensor in state.items()}


@pytest.mark.parametrize("is_35", [False, True], ids=["3", "3.5"])
def test_it_draws_as_the_pipeline_it_was_written_from(tmp_path, is_35):
    pipe, file = pipeline(is_35), tmp_path / "mine.safetensors"
    save_file(old_layout(pipe), file)
    facts = loader().recognise(file)
    assert facts.facts["architecture"] == "Stable Diffusion 3"
    assert facts.facts["layout"] == "single file"
    model = finished(build(read_plan(file), "cpu", torch.float32))
    plain = pipe(
        "a red fox", negative_prompt="rain", width=32, height=32, num_inference_steps=2,
        guidance_scale=4.0, output_type="latent", generator=torch.Generator().manual_seed(7),
    ).images  # fmt: skip
    wish = Wish("a red fox", "rain", 32, 32, 2, 4.0)
    ours = list(denoise(model, wish, torch.Generator().manual_seed(7)))[-1].latents
    assert torch.allclose(ours, plain, atol=1e-5)
    pixels = [each.decode(plain, return_dict=False)[0] for each in (model.pipe.vae, pipe.vae)]
    assert torch.allclose(*pixels, atol=1e-5)


def test_what_is_missing_is_told(tmp_path):
    whole = old_layout(pipeline(False))
    alone = {name: value for name, value in whole.items() if not name.startswith("text_")}
    save_file(alone, tmp_path / "alone.safetensors")
    with pytest.raises(StudioError, match="without CLIP L and CLIP G") as refused:
        loader().recognise(tmp_path / "alone.safetensors")
    assert "diffusers folder" in refused.value.hint
    del whole["model.diffusion_model.context_embedder.weight"]
    save_file(whole, tmp_path / "hole.safetensors")
    with pytest.raises(StudioError, match="context_embedder"):
        loader().recognise(tmp_path / "hole.safetensors")
    for prefix in ("", "model.diffusion_model."):
        flux = {f"{prefix}double_blocks.0.img_attn.qkv.weight": torch.ones(3, 3)}
        save_file(flux, tmp_path / "flux.safetensors")
        with pytest.raises(StudioError, match="is Flux without CLIP L and T5"):
            loader().recognise(tmp_path / "flux.safetensors")
