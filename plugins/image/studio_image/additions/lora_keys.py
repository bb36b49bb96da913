"""Parse the tensor names of LoRAs from various trainers into layers. Plain data.

A layer of a network is named ``part:name``, the part being ``unet``, ``transformer``, ``te1`` or
``te2``, and the name that of the module in ``diffusers`` or ``transformers`` with ``_`` for each
dot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

PREFIXES = (
    ("lora_unet_", "unet"), ("unet.", "unet"),
    ("lora_transformer_", "transformer"), ("transformer.", "transformer"),
    ("lora_te1_", "te1"), ("lora_te2_", "te2"), ("lora_te_", "te1"),
    ("text_encoder_2.", "te2"), ("text_encoder.", "te1"),
)  # fmt: skip
"""How kohya and diffusers begin the names of their tensors → part."""
OTHER_BASES = ("diffusion_model.", "lora_prior_", "lycoris_")
OTHER_KINDS = {
    "hada_": "LoHa",
    "lokr_": "LoKr",
    "oft_": "OFT",
    "dora_scale": "DoRA",
    "boft_": "BOFT",
    "glora": "GLoRA",
}
"""A part of a name → the kind of adapter that has it, which is not computed here."""
_FIRST_FLUX = re.compile(r"(lora_unet_|diffusion_model\.)(double|single)_blocks[._]")
_PAIR = re.compile(
    r"(?P<stem>.+?)\.(?:lora_(?P<peft>[AB])|lora[._](?P<plain>down|up)|"
    r"lora_linear_layer\.(?P<linear>down|up))(?:\.default)?\.weight"
)
_OLD = re.compile(
    r"(?P<stem>.+)\.processor\.(?P<to>to_[qkv]|to_out)_lora\.(?P<way>down|up)\.weight"
)
_WAYS = {"A": "down", "B": "up"}
CONTEXT = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}
"""Width of the words that a network is told → what it is called."""
_OF_TRANSFORMERS = {False: "Flux or Stable Diffusion 3", True: "Sana or PixArt"}
"""Whether its blocks have a first attention beside that to the words → what it is called."""


class Place(NamedTuple):
    """Role of a tensor: the ``down`` or ``up`` matrix or the ``alpha`` of a layer."""

    layer: str
    role: str


def place_of(name: str) -> Place | None:
    """Return the role of the tensor ``name``; None if it belongs to no LoRA."""
    if match := _OLD.fullmatch(name):
        to = "to_out_0" if match["to"] == "to_out" else match["to"]
        stem = _layer(f"{match['stem']}.{to}")
        return Place(stem, match["way"]) if stem else None
    if match := _PAIR.fullmatch(name):
        stem = _layer(match["stem"])
        way = _WAYS.get(match["peft"] or "") or match["plain"] or match["linear"]
        return Place(stem, way) if stem else None
    if name.endswith(".alpha"):
        stem = _layer(name.removesuffix(".alpha"))
        return Place(stem, "alpha") if stem else None
    return None


def layer_name(part: str, module: str) -> str:
    """Return how a module of a network is named here."""
    return f"{part}:{module.replace('.', '_').removeprefix('text_model_')}"


def is_lora(names: Mapping[str, Any]) -> bool:
    """Return whether these are the tensors of a LoRA, of any base and kind."""
    marks = (".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", "_lora.down.", ".lora.down.",
             ".lora_linear_layer.", *(f".{mark}" for mark in OTHER_KINDS))  # fmt: skip
    return any(mark in name for name in names for mark in marks)


def base_of(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return which weights a LoRA is for, by names and the width of the words; empty if unclear."""
    if is_first_flux(shapes):
        return "Flux"
    if any(name.startswith(OTHER_BASES) for name in shapes):
        return "another network"
    for name, shape in shapes.items():
        place = place_of(name)
        if place and place.layer.startswith("transformer:"):
            return _OF_TRANSFORMERS["_attn1_" in place.layer]
        if place and place.role == "down" and place.layer.endswith("attn2_to_k") and len(shape) > 1:
            return CONTEXT.get(shape[1], "")
    return ""


def is_first_flux(names: Iterable[str]) -> bool:
    """Whether layers are called as in the first code of Flux, where one stands for several."""
    return any(_FIRST_FLUX.match(name) for name in names)


def first_names(module: str, layers: int, attentive: frozenset[int]) -> str:
    """Return the name of a U-Net module in the original Stable Diffusion code.

    Trainers of LoRAs for Stable Diffusion XL write these names.

    Args:
        module: Its name in ``diffusers``.
        layers: Of a block: its ``layers_per_block``.
        attentive: The numbers of the upper blocks that have attention.
    """
    match = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", module)
    if match is None:
        middle = re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)", module)
        if middle is None:
            return ""
        number = 1 if middle[1] == "attentions" else 2 * int(middle[2])
        return _joined(f"middle_block_{number}", middle[1], middle[3])
    way, block, sort, number, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
    group = layers + 1
    if way == "down":
        if sort == "downsamplers":
            return f"input_blocks_{(block + 1) * group}_0_op"
        return _joined(f"input_blocks_{1 + block * group + number}", sort, rest, numbered=True)
    if sort == "upsamplers":
        return f"output_blocks_{block * group + layers}_{1 + (block in attentive)}_conv"
    return _joined(f"output_blocks_{block * group + number}", sort, rest, numbered=True)


_OF_RESNETS = {
    "conv1": "in_layers_2",
    "conv2": "out_layers_3",
    "time_emb_proj": "emb_layers_1",
    "conv_shortcut": "skip_connection",
}


def _joined(stem: str, sort: str, rest: str, numbered: bool = False) -> str:
    place = f"_{int(sort == 'attentions')}" if numbered else ""
    rest = _OF_RESNETS.get(rest, rest) if sort == "resnets" else rest
    return f"{stem}{place}_{rest.replace('.', '_')}"


def _layer(stem: str) -> str:
    for prefix, part in PREFIXES:
        if stem.startswith(prefix):
            return layer_name(part, stem.removeprefix(prefix))
    return ""
