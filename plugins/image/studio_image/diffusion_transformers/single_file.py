"""Reads Stable Diffusion 3 from one safetensors file in the layout of its first code, no config.

All sizes follow from the shapes in the header; the renaming is that of ``diffusers``. The words are
read by both CLIPs, whose vocabulary is with us; that of T5 is in no such file, so it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio_image.diffusion.model_spec import ModelSpec, Part, Vocabulary, count
from studio_image.diffusion.tensor_file import opened
from studio_image.diffusion_transformers.clip import CLIP_L, WHOLE, Shapes, clip
from studio_image.diffusion_transformers.flux_file import read_flux

CLIP_G = "text_encoders.clip_g.transformer."
_VAE = "first_stage_model."
_SD3_MARK, _FLUX_MARK = "joint_blocks.0.context_block.attn.qkv.weight", "double_blocks.0."
_HEAD = 64
"""Width of a head of Stable Diffusion 3."""
_SHIFT = 3.0
_SCALES = {"scaling_factor": 1.5305, "shift_factor": 0.0609}
_HINT = "Use a file that includes CLIP L and CLIP G, or the model as a diffusers folder."


def is_single_file(sizes: Shapes) -> bool:
    """Whether a file with these tensors is meant for this reader: with all parts, or one alone."""
    return any(
        name.removeprefix(WHOLE) == _SD3_MARK or name.removeprefix(WHOLE).startswith(_FLUX_MARK)
        for name in sizes
    )


def read_single_file(
    path: Path, sizes: Shapes, autoencoder: Callable[[Shapes, str], Part]
) -> ModelSpec:
    """Return the parts of the checkpoint at ``path``.

    Args:
        autoencoder: Reads the autoencoder from the tensors with a prefix.

    Raises:
        StudioError: Text encoders, the autoencoder or a vocabulary are missing.
        KeyError: A tensor is missing.
    """
    if any(name.removeprefix(WHOLE).startswith(_FLUX_MARK) for name in sizes):
        return read_flux(path, sizes, autoencoder)
    parts = {"CLIP L": CLIP_L, "CLIP G": CLIP_G, "the autoencoder": _VAE}
    missing = [
        title
        for title, prefix in parts.items()
        if not any(name.startswith(prefix) for name in sizes)
    ]
    if missing:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is Stable Diffusion 3 without {' and '.join(missing)}.",
            _HINT,
        )
    vae = autoencoder(sizes, _VAE)
    networks = {
        "text_encoder": clip(path, sizes, CLIP_L, "quick_gelu"),
        "text_encoder_2": clip(path, sizes, CLIP_G, "gelu"),
        "transformer": _transformer(path, sizes),
        "vae": Part(vae.kind, {**vae.config, **_SCALES}, vae.parameters, vae.tensors),
    }
    return ModelSpec(
        path=path,
        architecture="sd3",
        networks=networks,
        vocabularies={"tokenizer": Vocabulary(None), "tokenizer_2": Vocabulary(None, "!")},
        scheduler=("FlowMatchEulerDiscreteScheduler", {"shift": _SHIFT}),
        pipeline="StableDiffusion3Pipeline",
    )


def _transformer(path: Path, sizes: Shapes) -> Part:
    own = {name.removeprefix(WHOLE): name for name in sizes if name.startswith(WHOLE)}
    shapes = {name: sizes[old] for name, old in own.items()}
    width, channels, patch, _ = shapes["x_embedder.proj.weight"]
    layers = 0
    while f"joint_blocks.{layers}.x_block.attn.qkv.weight" in shapes:
        layers += 1
    dual = [n for n in range(layers) if f"joint_blocks.{n}.x_block.attn2.qkv.weight" in shapes]
    has_norms = "joint_blocks.0.x_block.attn.ln_q.weight" in shapes
    config = {
        "sample_size": 128,
        "patch_size": patch,
        "in_channels": channels,
        "out_channels": shapes["final_layer.linear.weight"][0] // patch**2,
        "num_layers": layers,
        "attention_head_dim": _HEAD,
        "num_attention_heads": width // _HEAD,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "caption_projection_dim": width,
        "pooled_projection_dim": shapes["y_embedder.mlp.0.weight"][1],
        "pos_embed_max_size": round(shapes["pos_embed"][1] ** 0.5),
        "dual_attention_layers": dual,
        "qk_norm": "rms_norm" if has_norms else None,
    }

    def tensors(_expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        from diffusers.loaders import single_file_utils as names

        with opened(path) as tensor:
            loaded = {name: tensor(old) for name, old in own.items()}
        yield from names.convert_sd3_transformer_checkpoint_to_diffusers(loaded).items()

    return Part("SD3Transformer2DModel", config, count(shapes), tensors)
