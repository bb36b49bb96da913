"""LoRAs: small matrices beside the weights of a picture model, added while it computes.

A layer that computes ``W x`` computes ``W x + strength · alpha / rank · up (down x)`` instead
(arXiv:2106.09685). The weights themselves are never changed: others may use them next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.api import BadInput
from studio_image.additions import lora_keys

if TYPE_CHECKING:
    from torch import Tensor


PARTS = {
    "unet": "unet",
    "transformer": "transformer",
    "te1": "text_encoder",
    "te2": "text_encoder_2",
}
"""Part of a layer's name → what a pipeline of ``diffusers`` calls that network."""


@dataclass
class Layer:
    """Low-rank update of one layer: ``up`` (out, rank, …) after ``down`` (rank, in, …), scaled."""

    down: Tensor
    up: Tensor
    scale: float


@dataclass
class Lora:
    """A loaded LoRA.

    Attributes:
        title: What a person calls it.
        stamp: Which file it is, for what is kept of pictures made with it.
        base: Which weights it says it is for; empty if that is unclear.
        layers: By their names, see :mod:`studio_image.additions.lora_keys`.
    """

    title: str
    stamp: str
    base: str = ""
    layers: dict[str, Layer] = field(default_factory=dict, repr=False)

    def to(self, device: str) -> None:
        """Move it to another memory."""
        for layer in self.layers.values():
            layer.down, layer.up = layer.down.to(device), layer.up.to(device)


@dataclass(frozen=True)
class Worn:
    """A LoRA with how much of it is wanted: 1 is as it was trained, below 0 its opposite."""

    lora: Lora
    strength: float


def check(places: Mapping[str, Any], lora: Lora) -> None:
    """Check that a LoRA was made for weights with these layers, as :func:`targets` names them.

    Raises:
        BadInput: It was not: it changes layers that these do not have, or of another size.
    """
    import torch

    for name, layer in lora.layers.items():
        module = places.get(name)
        if module is None:
            raise _refusal(lora, f"this model has no layer “{name.partition(':')[2][:80]}”")
        convolves = isinstance(module, torch.nn.Conv2d)
        takes, gives = (
            (module.in_channels // module.groups, module.out_channels)
            if convolves
            else (module.in_features, module.out_features)
        )
        if layer.down.shape[1] != takes or layer.up.shape[0] != gives:
            size = f"{layer.down.shape[1]} to {layer.up.shape[0]}"
            raise _refusal(lora, f"a layer of it goes from {size}, here from {takes} to {gives}")


def targets(pipe: Any) -> dict[str, Any]:
    """Return the layers of a pipeline that a LoRA may change, under all names they are known by."""
    import torch

    modules: dict[str, Any] = {}
    for part, attribute in PARTS.items():
        network = getattr(pipe, attribute, None)
        if network is None:
            continue
        for name, module in network.named_modules():
            if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
                modules[lora_keys.layer_name(part, name)] = module
    if getattr(pipe, "unet", None) is None:
        return modules
    layers = pipe.unet.config.layers_per_block
    if isinstance(layers, int):
        attentive = frozenset(
            number
            for number, block in enumerate(pipe.unet.up_blocks)
            if hasattr(block, "attentions")
        )
        for name, module in pipe.unet.named_modules():
            if first := lora_keys.first_names(name, layers, attentive):
                modules.setdefault(f"unet:{first}", module)
    return modules


@contextmanager
def added(places: Mapping[str, Any], worn: Sequence[Worn]) -> Iterator[None]:
    """Let layers add what LoRAs say, all in order. Never held across a ``yield`` of a task.

    Args:
        places: What :func:`targets` returned.
    """
    hooks = []
    try:
        for addition in worn:
            for name, layer in addition.lora.layers.items():
                hooks.append(
                    places[name].register_forward_hook(_addition(layer, addition.strength))
                )
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _addition(layer: Layer, strength: float) -> Any:
    from torch.nn import functional as F

    scale = strength * layer.scale

    def add(module: Any, args: tuple[Any, ...], output: Any) -> Any:
        x = args[0].to(layer.down.dtype)
        if layer.down.ndim == 4 and x.ndim == 4:
            low = F.conv2d(x, layer.down, None, module.stride, module.padding, module.dilation)
            more = F.conv2d(low, layer.up)
        else:  # some write the matrices of linear layers as 1 × 1 convolutions, and the other way
            more = _linear(_linear(x, layer.down), layer.up)
        return output + (scale * more).to(output.dtype)

    return add


def _linear(x: Any, matrix: Tensor) -> Any:
    from torch.nn import functional as F

    flat = matrix.flatten(1)
    if x.ndim != 4:
        return F.linear(x, flat)
    return F.conv2d(x, flat[..., None, None])


def _refusal(lora: Lora, why: str) -> BadInput:
    made_for = f" It is for {lora.base}." if lora.base else ""
    return BadInput(
        f"The LoRA “{lora.title}” was made for another base model: {why}.{made_for}",
        "Choose a model that fits it, or remove it from the list.",
    )
