"""ControlNets in one safetensors file: all sizes follow from the shapes. Needs no config.

The names are those of ``diffusers``, or those of the first code (arXiv:2302.05543), which
``diffusers`` knows how to rename.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio.api.worker.config_files import broken
from studio_image.diffusion.model_spec import Part, check_config, count
from studio_image.diffusion.tensor_file import opened, shapes

_KIND = "ControlNetModel"
_OURS = "controlnet_cond_embedding.conv_in.weight"
_FIRST = "input_hint_block.0.weight"
_PREFIX = "control_model."
_TOLD_XL = 256
"""Numbers that Stable Diffusion XL makes of each of the six that it is told of the size."""
_OF_XL = {
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
_PLAIN = "Use a plain ControlNet for Stable Diffusion 1, 2 or XL."
_OTHER_KINDS = {
    "task_embedding": ("ControlNet Union", _PLAIN),
    "lora_controlnet": ("Control-LoRA", _PLAIN),
    "double_blocks.0.": ("Flux in the first layout of XLabs", "Use its diffusers folder."),
}
"""What a name holds → the kind of such a file, and what to use instead."""


def read_single_file(path: Path) -> Part | None:
    """Return the ControlNet in a file, or None if it is none.

    Raises:
        StudioError: It is of a kind that is not supported, incomplete or broken.
    """
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    sizes = shapes(path)
    if not sizes.keys() & {_OURS, _FIRST, _PREFIX + _FIRST}:
        return None
    for mark, (kind, instead) in _OTHER_KINDS.items():
        if any(mark in name for name in sizes):
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"“{path.name}” is of the kind {kind}, which is not supported.",
                instead,
            )
    try:
        names = _names(sizes)
        config = _config({name: sizes[old] for name, old in names.items()})
    except (KeyError, IndexError, TypeError) as error:
        raise broken(path.name, f"the tensor {error} is missing or has the wrong shape") from error
    check_config(config, path.name)

    def tensors(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        with opened(path) as tensor:
            for name, old in names.items():
                yield name, tensor(old)

    return Part(_KIND, config, count({old: sizes[old] for old in names.values()}), tensors)


def _names(sizes: Mapping[str, Any]) -> dict[str, str]:
    """Map each tensor name of the current class to its name in the file."""
    if _OURS in sizes:
        return {name: name for name in sizes}
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    prefix = _PREFIX if _PREFIX + _FIRST in sizes else ""
    old = {name.removeprefix(prefix): name for name in sizes if name.startswith(prefix)}
    layers = 1
    while f"input_blocks.{layers + 1}.0.op.weight" not in old and layers < len(old):
        layers += 1
    # It only moves what it is given: names, in the place of tensors.
    converted = convert_controlnet_checkpoint(dict(old), {"layers_per_block": layers})
    for name, first in _OF_XL.items():
        for part in ("weight", "bias"):
            converted[f"{name}.{part}"] = old.get(f"{first}.{part}")
    return {name: first for name, first in converted.items() if first is not None}


def _config(sizes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    levels = _how_many(sizes, "down_blocks.{}.resnets.0.conv1.weight")
    channels = [sizes[f"down_blocks.{n}.resnets.0.conv1.weight"][0] for n in range(levels)]
    depths = [
        _how_many(sizes, f"down_blocks.{n}.attentions.0.transformer_blocks.{{}}.norm1.weight")
        for n in range(levels)
    ]
    first = next(name for name in sizes if name.endswith("attentions.0.proj_in.weight"))
    is_linear = len(sizes[first]) == 2
    words = first.replace("proj_in", "transformer_blocks.0.attn2.to_k")
    hints = _how_many(sizes, "controlnet_cond_embedding.blocks.{}.weight")
    config: dict[str, Any] = {
        "in_channels": sizes["conv_in.weight"][1],
        "conditioning_channels": sizes[_OURS][1],
        "block_out_channels": channels,
        "layers_per_block": _how_many(sizes, "down_blocks.0.resnets.{}.conv1.weight"),
        "down_block_types": ["CrossAttnDownBlock2D" if d else "DownBlock2D" for d in depths],
        "transformer_layers_per_block": [max(1, depth) for depth in depths],
        "cross_attention_dim": sizes[words][1],
        "use_linear_projection": is_linear,
        "attention_head_dim": [max(1, width // 64) for width in channels] if is_linear else 8,
        "conditioning_embedding_out_channels": [
            sizes[_OURS][0],
            *(sizes[f"controlnet_cond_embedding.blocks.{n}.weight"][0] for n in range(1, hints, 2)),
        ],
    }
    if not any(name.startswith("mid_block.attentions") for name in sizes):
        config["mid_block_type"] = "UNetMidBlock2D"
    if embedding := sizes.get("add_embedding.linear_1.weight"):
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": _TOLD_XL,
            "projection_class_embeddings_input_dim": embedding[1],
        }
    return config


def _how_many(sizes: Mapping[str, Any], name: str) -> int:
    number = 0
    while name.format(number) in sizes:
        number += 1
    return number
