"""The purpose of a safetensors file from its header. Reads no tensors, and imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from studio.protocol.regular_file import open_regular

MAX_HEADER_BYTES = 4 * 1024 * 1024
"""Longer ones are not read: whole Stable Diffusion XL takes a tenth of it."""

_COLOURS = 3
_READ = {_COLOURS * fold**2 for fold in (1, 2, 4)}
_WRITTEN = {_COLOURS * fold**2 for fold in (1, 2, 3, 4)}
"""Channels of pictures: the colours of a pixel, or of a block of pixels."""
_WHOLE_DRAWING = "model.diffusion_model.input_blocks.0.0.weight"
_OF_A_LORA = ("lora_unet_", "lora_te_", "lora_te1_", "lora_te2_", "unet.", "text_encoder")
_OF_AN_INVERSION = frozenset({"emb_params", "clip_l", "clip_g"})
_OF_A_CONTROLNET = "controlnet_cond_embedding.conv_in.weight"
_PARTS_OF_DRAWING = ("decoder.conv_in.weight", "decoder.mid.block_1.conv1.weight")


class _Tensor(msgspec.Struct, frozen=True):
    """An entry of the header; that of the metadata has none of it."""

    shape: tuple[int, ...] = ()


class _Metadata(msgspec.Struct, frozen=True):
    """The header, but for its tensors."""

    entries: dict[str, str] = msgspec.field(name="__metadata__", default_factory=dict)


def capability_of(path: Path) -> str:
    """Return ``text-to-image``, ``upscale``, or nothing if neither is recognised.

    A guess, as for other loose weights: the runtime inspects them before it loads them.
    """
    shapes = _shapes(path)
    if _WHOLE_DRAWING in shapes:
        return "text-to-image"
    return "upscale" if _makes_pictures_of_pictures(shapes) else ""


def addition_of(path: Path) -> str:
    """Return the kind of an addition to an image network: ``lora``, ``textual-inversion`` or
    ``controlnet``; nothing for standalone weights.
    """
    names = _shapes(path).keys() - {"__metadata__"}
    if any(name.startswith(_OF_A_LORA) and (".lora" in name or "_lora." in name) for name in names):
        return "lora"
    if names and names <= _OF_AN_INVERSION:
        return "textual-inversion"
    return "controlnet" if _OF_A_CONTROLNET in names else ""


def names_of(path: Path) -> list[str]:
    """Return the names of its tensors; none if it is no safetensors file."""
    return [name for name in _shapes(path) if name != "__metadata__"]


def metadata_of(path: Path) -> Mapping[str, str]:
    """Return the metadata of a safetensors file; none if it is none, or has none."""
    try:
        return msgspec.json.decode(_header(path), type=_Metadata).entries
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def _makes_pictures_of_pictures(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether one kernel reads colours and another writes them, and it is no autoencoder."""
    kernels = {name: shape for name, shape in shapes.items() if len(shape) == 4}
    reading = {name for name, shape in kernels.items() if shape[1] in _READ}
    writing = {name for name, shape in kernels.items() if _writes_colours(shape)}
    is_autoencoder = any(name.endswith(_PARTS_OF_DRAWING) for name in shapes)
    return bool(reading and writing) and len(reading | writing) > 1 and not is_autoencoder


def _writes_colours(shape: tuple[int, ...]) -> bool:
    outputs, inputs, *size = shape
    return outputs in _WRITTEN and inputs > 1 and (outputs == _COLOURS or min(size) > 1)


def _shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes of its tensors; none if it is no safetensors file."""
    try:
        tensors = msgspec.json.decode(_header(path), type=dict[str, _Tensor])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return {name: tensor.shape for name, tensor in tensors.items()}


def _header(path: Path) -> bytes:
    with open_regular(path) as file:
        length = int.from_bytes(file.read(8), "little")
        return file.read(length) if length <= MAX_HEADER_BYTES else b""
