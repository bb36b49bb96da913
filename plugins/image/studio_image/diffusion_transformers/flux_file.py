"""Reads Flux from one safetensors file in the layout of its first code. Needs no config.

All sizes follow from the shapes in the header. Such files hold CLIP L, T5 and the autoencoder, but
never the vocabulary of T5: its folder has to lie beside them. Names and what they become are those
that ``diffusers`` knows, which cuts tensors of the published size alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio_image.diffusion.model_spec import ModelSpec, Part, Vocabulary, count
from studio_image.diffusion.tensor_file import opened
from studio_image.diffusion_transformers.clip import CLIP_L, WHOLE, Shapes, clip

TOKENIZER = "tokenizer_2"
"""The folder of the vocabulary, called as in a diffusers folder."""
_T5 = "text_encoders.t5xxl.transformer."
_AUTOENCODERS = ("vae.", "first_stage_model.")
_SCALES = {"scaling_factor": 0.3611, "shift_factor": 0.1159}
_FLOW: dict[str, Any] = {
    "base_image_seq_len": 256, "max_image_seq_len": 4096, "base_shift": 0.5, "max_shift": 1.15,
    "shift": 3.0, "use_dynamic_shifting": True,
}  # fmt: skip
_OF_FEW_STEPS = {"shift": 1.0, "use_dynamic_shifting": False}

_ENDS: Mapping[str, tuple[str, ...]] = {
    "img_in": ("x_embedder",),
    "txt_in": ("context_embedder",),
    "final_layer.linear": ("proj_out",),
    "final_layer.adaLN_modulation.1": ("norm_out.linear",),
} | {
    f"{old}_in.{side}_layer": (f"time_text_embed.{new}_embedder.linear_{number}",)
    for old, new in {"time": "timestep", "vector": "text", "guidance": "guidance"}.items()
    for side, number in {"in": 1, "out": 2}.items()
}
_BLOCKS: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "double_blocks": (
        "transformer_blocks",
        {
            "img_mod.lin": ("norm1.linear",),
            "txt_mod.lin": ("norm1_context.linear",),
            "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
            "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
            "img_attn.proj": ("attn.to_out.0",),
            "txt_attn.proj": ("attn.to_add_out",),
            "img_attn.norm.query_norm": ("attn.norm_q",),
            "img_attn.norm.key_norm": ("attn.norm_k",),
            "txt_attn.norm.query_norm": ("attn.norm_added_q",),
            "txt_attn.norm.key_norm": ("attn.norm_added_k",),
            "img_mlp.0": ("ff.net.0.proj",),
            "img_mlp.2": ("ff.net.2",),
            "txt_mlp.0": ("ff_context.net.0.proj",),
            "txt_mlp.2": ("ff_context.net.2",),
        },
    ),
    "single_blocks": (
        "single_transformer_blocks",
        {
            "modulation.lin": ("norm.linear",),
            "linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"),
            "linear2": ("proj_out",),
            "norm.query_norm": ("attn.norm_q",),
            "norm.key_norm": ("attn.norm_k",),
        },
    ),
}
"""What the first code calls a layer → what ``diffusers`` calls it, or the parts of it."""


def read_flux(path: Path, sizes: Shapes, autoencoder: Callable[[Shapes, str], Part]) -> ModelSpec:
    """Return the parts of the checkpoint at ``path``.

    Args:
        autoencoder: Reads the autoencoder from the tensors with a prefix.

    Raises:
        StudioError: Text encoders, the autoencoder or the vocabulary are missing; says which.
        KeyError: A tensor is missing or unknown.
    """
    begins = next((prefix for prefix in _AUTOENCODERS if _has(sizes, prefix)), "")
    there = {"CLIP L": _has(sizes, CLIP_L), "T5": _has(sizes, _T5), "the autoencoder": begins}
    if missing := [title for title, is_there in there.items() if not is_there]:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is Flux without {' and '.join(missing)}.",
            "Use a file that includes CLIP L, T5 and the autoencoder, or Flux as a diffusers "
            "folder.",
        )
    vocabulary = path.parent / TOKENIZER
    if not any((vocabulary / name).is_file() for name in ("tokenizer.json", "spiece.model")):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is Flux in one file, which lacks the vocabulary of T5: no such file "
            "has it.",
            f"Copy the folder {TOKENIZER} of any Flux diffusers folder beside it, about 3 MB.",
        )
    vae, network = autoencoder(sizes, begins), _transformer(path, sizes)
    return ModelSpec(
        path=path,
        architecture="flux",
        networks={
            "text_encoder": clip(path, sizes, CLIP_L, "quick_gelu", projects=False),
            "text_encoder_2": _t5(path, sizes),
            "transformer": network,
            "vae": Part(vae.kind, {**vae.config, **_SCALES}, vae.parameters, vae.tensors),
        },
        vocabularies={
            "tokenizer": Vocabulary(None),
            "tokenizer_2": Vocabulary(vocabulary, kind="T5Tokenizer"),
        },
        scheduler=(
            "FlowMatchEulerDiscreteScheduler",
            _FLOW if network.config["guidance_embeds"] else _OF_FEW_STEPS,
        ),
        pipeline="FluxPipeline",
    )


def _has(sizes: Shapes, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in sizes)


def _t5(path: Path, sizes: Shapes) -> Part:
    own = {name.removeprefix(_T5): size for name, size in sizes.items() if name.startswith(_T5)}
    attention, layers = "encoder.block.{}.layer.0.SelfAttention.", 0
    while f"{attention.format(layers)}q.weight" in own:
        layers += 1
    first = attention.format(0)
    vocabulary, width = own["shared.weight"]
    buckets, heads = own[f"{first}relative_attention_bias.weight"]
    config = {
        "vocab_size": vocabulary,
        "d_model": width,
        "d_kv": own[f"{first}q.weight"][0] // heads,
        "d_ff": own["encoder.block.0.layer.1.DenseReluDense.wi_0.weight"][0],
        "num_layers": layers,
        "num_heads": heads,
        "relative_attention_num_buckets": buckets,
        "feed_forward_proj": "gated-gelu",
    }

    def tensors(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        with opened(path) as tensor:
            for name in own:
                if name in expected:
                    yield name, tensor(_T5 + name)

    return Part("T5EncoderModel", config, count(own), tensors)


def _transformer(path: Path, sizes: Shapes) -> Part:
    own = {name.removeprefix(WHOLE): size for name, size in sizes.items() if name.startswith(WHOLE)}
    for name in own:
        renamed(name)  # what nobody knows is told before anything is loaded
    width, channels = own["img_in.weight"]
    head = own["double_blocks.0.img_attn.norm.query_norm.scale"][0]
    rest = (head - head // 8) // 2
    config = {
        "patch_size": 1,
        "in_channels": channels,
        "num_layers": _layers(own, "double_blocks"),
        "num_single_layers": _layers(own, "single_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": own["txt_in.weight"][1],
        "pooled_projection_dim": own["vector_in.in_layer.weight"][1],
        "guidance_embeds": "guidance_in.in_layer.weight" in own,
        "axes_dims_rope": [head // 8, rest, rest],
    }

    def tensors(_expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        with opened(path) as tensor:
            for name in own:
                yield from cut(name, tensor(WHOLE + name), width)

    return Part("FluxTransformer2DModel", config, count(own), tensors)


def _layers(sizes: Shapes, kind: str) -> int:
    return len({name.split(".")[1] for name in sizes if name.startswith(f"{kind}.")})


def renamed(name: str) -> list[str]:
    """Return the current names of a tensor of the original code.

    Raises:
        KeyError: The name is unknown.
    """
    stem, _, last = name.rpartition(".")
    kind, _, rest = stem.partition(".")
    last = "weight" if last == "scale" else last
    try:
        if kind not in _BLOCKS:
            return [f"{new}.{last}" for new in _ENDS[stem]]
        number, _, layer = rest.partition(".")
        blocks, layers = _BLOCKS[kind]
        return [f"{blocks}.{number}.{new}.{last}" for new in layers[layer]]
    except KeyError:
        raise KeyError(name) from None


def cut(name: str, tensor: Any, width: int) -> Iterator[tuple[str, Any]]:
    """Split a tensor of the original code: yield names and rows.

    Args:
        width: Of the transformer.
    """
    names = renamed(name)
    if name.startswith("final_layer.adaLN"):  # scale and shift are the other way round
        shift, scale = tensor.chunk(2)
        tensor = tensor.new_empty(tensor.shape)
        tensor[: len(scale)], tensor[len(scale) :] = scale, shift
    for number, new in enumerate(names):
        is_last = number + 1 == len(names)
        yield new, tensor[number * width : None if is_last else (number + 1) * width]
