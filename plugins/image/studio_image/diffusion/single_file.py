"""Reads one safetensors file in the layout of the first Stable Diffusion code. Needs no config.

All sizes follow from the shapes in the header. The renaming itself is that of ``diffusers``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio.api.worker.config_files import broken
from studio_image.diffusion.folder import known_as
from studio_image.diffusion.model_spec import (
    ModelSpec,
    Part,
    Vocabulary,
    check_unet,
    count,
)
from studio_image.diffusion.tensor_file import opened, shapes
from studio_image.diffusion_transformers import single_file as transformer_file

Shapes = Mapping[str, tuple[int, ...]]

UNET, VAE = "model.diffusion_model.", "first_stage_model."
CLIP_1, OPEN_CLIP_2 = "cond_stage_model.transformer.", "cond_stage_model.model."
CLIP_XL, OPEN_CLIP_XL = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."

_NOISE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}


def is_single_file(sizes: Shapes) -> bool:
    """Whether a file with these tensors is meant for this reader."""
    is_unet = f"{UNET}input_blocks.0.0.weight" in sizes
    return is_unet or transformer_file.is_single_file(sizes)


def read_single_file(path: Path, sizes: Shapes | None = None) -> ModelSpec:
    """Return the parts of the checkpoint at ``path``.

    Raises:
        StudioError: It is of another architecture, incomplete or broken; says which.
    """
    sizes = sizes or shapes(path)
    try:
        if transformer_file.is_single_file(sizes):
            read = partial(_autoencoder, path)
            return transformer_file.read_single_file(path, sizes, read)
        return _plan(path, sizes)
    except (KeyError, IndexError) as error:
        raise broken(path.name, f"the tensor {error} is missing or has the wrong shape") from error


def _plan(path: Path, sizes: Shapes) -> ModelSpec:
    texts = _texts(path, sizes)
    is_xl = "text_encoder_2" in texts
    networks = texts | {
        "unet": _part("UNet2DConditionModel", _unet(path, sizes, is_xl), path, sizes, (UNET,)),
        "vae": _part("AutoencoderKL", _vae(sizes, is_xl), path, sizes, (VAE,)),
    }
    check_unet(networks["unet"].config, path)
    # The second generation of text encoders fills up with “!”, the first with its end token.
    second = Vocabulary(None, "!")
    names = {"tokenizer": second if _is_v2(sizes) else Vocabulary(None)}
    return ModelSpec(
        path=path,
        architecture="sdxl" if is_xl else "sd",
        networks=networks,
        vocabularies=names | ({"tokenizer_2": second} if is_xl else {}),
        scheduler=("EulerDiscreteScheduler", _NOISE | {"prediction_type": _predicts(path, sizes)}),
        options={"force_zeros_for_empty_prompt": True} if is_xl else {},
    )


def _autoencoder(path: Path, sizes: Shapes, prefix: str) -> Part:
    """Return that of Stable Diffusion 3 or Flux: nothing convolves its latents once more."""
    plain = {"use_quant_conv": False, "use_post_quant_conv": False, "force_upcast": True}
    return _part(
        "AutoencoderKL", _vae(sizes, is_xl=True, prefix=prefix) | plain, path, sizes, (prefix,)
    )


def _texts(path: Path, sizes: Shapes) -> dict[str, Part]:
    def has(prefix: str) -> bool:
        return any(name.startswith(prefix) for name in sizes)

    if has(CLIP_XL) and has(OPEN_CLIP_XL):
        big = _open_clip(sizes, OPEN_CLIP_XL, whole=True)
        return {
            "text_encoder": _part("CLIPTextModel", _clip(sizes, CLIP_XL), path, sizes, (CLIP_XL,)),
            "text_encoder_2": _part(
                "CLIPTextModelWithProjection", big, path, sizes, (OPEN_CLIP_XL,)
            ),
        }
    for prefix, config in ((CLIP_1, _clip), (OPEN_CLIP_2, _open_clip)):
        if has(prefix):
            part = _part("CLIPTextModel", config(sizes, prefix), path, sizes, (prefix,))
            return {"text_encoder": part}
    raise StudioError(
        ErrorCode.UNSUPPORTED,
        f"“{path.name}” has no supported text encoder.",
        "Use a complete checkpoint of Stable Diffusion 1.x, 2.x or XL (base, not refiner).",
    )


def _part(
    kind: str, config: dict[str, Any], path: Path, sizes: Shapes, prefixes: tuple[str, ...]
) -> Part:
    own = {name: size for name, size in sizes.items() if name.startswith(prefixes)}
    return Part(kind, config, count(own), _reader(kind, config, path, prefixes[0], tuple(own)))


def _reader(
    kind: str, config: dict[str, Any], path: Path, prefix: str, names: tuple[str, ...]
) -> Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]:
    def tensors(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        with opened(path) as tensor:
            loaded = {name: tensor(name) for name in names}
        for name, tensor in _renamed(kind, config, prefix, loaded).items():
            key = known_as(name, expected)
            # What the penultimate layer's output does not need is in the files all the same.
            if key in expected or kind in ("UNet2DConditionModel", "AutoencoderKL"):
                yield key, tensor

    return tensors


def _renamed(kind: str, config: dict[str, Any], prefix: str, tensors: dict[str, Any]) -> Any:
    from types import SimpleNamespace

    from diffusers.loaders import single_file_utils as names

    if kind == "UNet2DConditionModel":
        return names.convert_ldm_unet_checkpoint(tensors, config)
    if kind == "AutoencoderKL":
        return names.convert_ldm_vae_checkpoint(tensors, config)
    if prefix in (CLIP_1, CLIP_XL):
        return names.convert_ldm_clip_checkpoint(tensors)
    model = SimpleNamespace(config=SimpleNamespace(hidden_size=config["hidden_size"]))
    return names.convert_open_clip_checkpoint(model, tensors, prefix=prefix)


def _is_v2(sizes: Shapes) -> bool:
    return any(name.startswith(OPEN_CLIP_2) for name in sizes)


def _predicts(path: Path, sizes: Shapes) -> str:
    """Return the prediction type of the network; only names reveal it for 2.x (768 px or base)."""
    is_base = any(word in path.stem.lower() for word in ("base", "512"))
    return "v_prediction" if "v_pred" in sizes or (_is_v2(sizes) and not is_base) else "epsilon"


# --- sizes from shapes ------------------------------------------------------------------------


def _unet(path: Path, sizes: Shapes, is_xl: bool) -> dict[str, Any]:
    levels = _levels(sizes)
    channels = [level[0][0] for level in levels]
    depths = [max(depth for _, depth in level) for level in levels]
    middle = f"{UNET}middle_block.1."
    heads = [max(1, width // 64) for width in channels] if is_xl or _is_v2(sizes) else 8
    down = ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths]
    config: dict[str, Any] = {
        "in_channels": sizes[f"{UNET}input_blocks.0.0.weight"][1],
        "out_channels": sizes[f"{UNET}out.2.weight"][0],
        "block_out_channels": channels,
        "layers_per_block": len(levels[0]),
        "down_block_types": down,
        "up_block_types": [name.replace("Down", "Up") for name in reversed(down)],
        "transformer_layers_per_block": [max(1, depth) for depth in depths],
        "attention_head_dim": heads,
        "cross_attention_dim": sizes[f"{middle}transformer_blocks.0.attn2.to_k.weight"][1],
        "use_linear_projection": len(sizes[f"{middle}proj_in.weight"]) == 2,
        "sample_size": 128 if is_xl else 96 if _predicts(path, sizes) == "v_prediction" else 64,
    }
    if is_xl:
        added = sizes[f"{UNET}label_emb.0.0.weight"][1]
        pooled = sizes[f"{OPEN_CLIP_XL}text_projection"][1]
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": (added - pooled) // 6,
            "projection_class_embeddings_input_dim": added,
        }
    return config


def _levels(sizes: Shapes) -> list[list[tuple[int, int]]]:
    """Return (channels, transformer blocks) of each layer, by resolution, the finest first."""
    levels: list[list[tuple[int, int]]] = [[]]
    number = 1
    while True:
        block = f"{UNET}input_blocks.{number}."
        if f"{block}0.op.weight" in sizes:
            levels.append([])
        elif (size := sizes.get(f"{block}0.out_layers.3.weight")) is not None:
            depth = 0
            while f"{block}1.transformer_blocks.{depth}.norm1.weight" in sizes:
                depth += 1
            levels[-1].append((size[0], depth))
        else:
            return levels
        number += 1


def _vae(sizes: Shapes, is_xl: bool, prefix: str = VAE) -> dict[str, Any]:
    down = f"{prefix}encoder.down."
    channels: list[int] = []
    while (size := sizes.get(f"{down}{len(channels)}.block.0.conv2.weight")) is not None:
        channels.append(size[0])
    return {
        "block_out_channels": channels,
        "layers_per_block": _how_many(sizes, f"{down}0.block.", ".conv2.weight"),
        "down_block_types": ["DownEncoderBlock2D"] * len(channels),
        "up_block_types": ["UpDecoderBlock2D"] * len(channels),
        "latent_channels": sizes[f"{prefix}decoder.conv_in.weight"][1],
        "scaling_factor": 0.13025 if is_xl else 0.18215,
        "force_upcast": is_xl,
    }


def _clip(sizes: Shapes, prefix: str) -> dict[str, Any]:
    if not any(name.startswith(f"{prefix}text_model.") for name in sizes):
        raise KeyError(f"{prefix}text_model")
    model = f"{prefix}text_model."
    vocabulary, hidden = sizes[f"{model}embeddings.token_embedding.weight"]
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "projection_dim": hidden,
        "intermediate_size": sizes[f"{model}encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": _how_many(sizes, f"{model}encoder.layers.", ".mlp.fc1.weight"),
        "num_attention_heads": max(1, hidden // 64),
        "max_position_embeddings": sizes[f"{model}embeddings.position_embedding.weight"][0],
        "hidden_act": "quick_gelu",
    }


def _open_clip(sizes: Shapes, prefix: str, whole: bool = False) -> dict[str, Any]:
    """Return the sizes; without its last layer unless ``whole``, as Stable Diffusion 2 uses it."""
    vocabulary, hidden = sizes[f"{prefix}token_embedding.weight"]
    layers = _how_many(sizes, f"{prefix}transformer.resblocks.", ".mlp.c_fc.weight")
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "projection_dim": sizes[f"{prefix}text_projection"][1] if whole else hidden,
        "intermediate_size": sizes[f"{prefix}transformer.resblocks.0.mlp.c_fc.weight"][0],
        "num_hidden_layers": layers if whole else layers - 1,
        "num_attention_heads": max(1, hidden // 64),
        "max_position_embeddings": sizes[f"{prefix}positional_embedding"][0],
        "hidden_act": "gelu",
    }


def _how_many(sizes: Shapes, before: str, after: str) -> int:
    number = 0
    while f"{before}{number}{after}" in sizes:
        number += 1
    return number
