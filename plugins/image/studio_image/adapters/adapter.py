"""Low-rank adapters (LoRA, arXiv:2106.09685) beside the network of a diffusion model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.api import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = "picture-lora/1"
_PREFIX, _DOWN, _UP = "unet.", ".lora_A.weight", ".lora_B.weight"


class Adapter:
    """Two small tensors beside each of some layers.

    Attributes:
        title: What a person reads.
        base: Id of the weights that it was trained on.
        parts: Name of a layer → (down, up), as peft has them.
    """

    def __init__(self, title: str, base: str, tensors: Mapping[str, Tensor]) -> None:
        self.title, self.base = title, base
        self.parts = {
            name.removeprefix(_PREFIX).removesuffix(_DOWN): (
                tensors[name],
                tensors[name.removesuffix(_DOWN) + _UP],
            )
            for name in sorted(tensors)
            if name.endswith(_DOWN)
        }
        told = hashlib.sha256()
        for down, up in self.parts.values():
            told.update(down.cpu().numpy().tobytes() + up.cpu().numpy().tobytes())
        self._digest = told.hexdigest()

    def __repr__(self) -> str:
        return f"Adapter({self._digest})"

    def to(self, device: str) -> None:
        """Move its tensors."""
        self.parts = {n: (down.to(device), up.to(device)) for n, (down, up) in self.parts.items()}

    def check(self, network: Any) -> None:
        """Raise unless it fits.

        Raises:
            BadInput: It was trained on another kind of model.
        """
        layers = dict(network.named_modules())
        for name, (down, up) in self.parts.items():
            layer = layers.get(name)
            weight = getattr(layer, "weight", None)
            if weight is None or down.shape[1:] != weight.shape[1:] or len(up) != len(weight):
                raise BadInput(
                    f"The adapter “{self.title}” does not fit this model.",
                    f"It was trained on “{self.base}”: choose that model, or no adapter.",
                )


@contextmanager
def beside(network: Any, adapters: Sequence[Adapter]) -> Iterator[None]:
    """Add what adapters make to what layers make. Not held across a ``yield``: others share it."""
    layers = dict(network.named_modules()) if adapters else {}
    hooks = [
        layers[name].register_forward_hook(_adding(down, up))
        for each in adapters
        for name, (down, up) in each.parts.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _adding(down: Tensor, up: Tensor) -> Callable[..., Tensor]:
    def add(layer: nn.Module, inputs: tuple[Any, ...], made: Tensor) -> Tensor:
        import torch.nn.functional as F

        x = inputs[0]
        a, b = down.to(x), up.to(x)
        if down.dim() == 4:
            stride, padding, dilation = (
                getattr(layer, name) for name in ("stride", "padding", "dilation")
            )
            return made + F.conv2d(F.conv2d(x, a, None, stride, padding, dilation), b)
        return made + F.linear(F.linear(x, a), b)

    return add
