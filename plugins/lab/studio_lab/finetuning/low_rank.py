"""Low-rank matrices (LoRA, Hu et al., arXiv:2106.09685) beside the layers of any network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Layer = nn.Linear | nn.Conv2d


class LowRank(nn.Module):
    """Two small matrices beside each linear layer and convolution; the network stays as it is.

    At first ``up`` is nothing, so that training begins with the network itself.

    Attributes:
        names: Of the layers, as ``network.named_modules()`` has them.
    """

    def __init__(
        self,
        network: nn.Module,
        rank: int,
        strength: float,
        random: torch.Generator,
        fits: Callable[[str], bool] = lambda name: True,
    ) -> None:
        """Make matrices that change nothing.

        Args:
            rank: At most; a layer with fewer inputs or outputs gets a smaller one.
            strength: What changes are multiplied by, for each of ``rank``.
            random: Of the processor; draws ``down``.
            fits: Whether a layer of that name gets some.
        """
        super().__init__()
        self.scale = strength / rank
        selected = {name: layer for name, layer in layers(network).items() if fits(name)}
        self.names = list(selected)
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for layer in selected.values():
            outputs, inputs = len(layer.weight), layer.weight[0].numel()
            size = min(rank, outputs, inputs)
            drawn = torch.rand(size, inputs, generator=random) * 2 - 1
            self.down.append(nn.Parameter(drawn / math.sqrt(inputs)))
            self.up.append(nn.Parameter(torch.zeros(outputs, size)))

    @contextmanager
    def beside(self, network: nn.Module) -> Iterator[None]:
        """Add the updates to the outputs of ``network``'s layers while the context is open."""
        by_name, hooks = layers(network), []
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            hooks.append(by_name[name].register_forward_hook(_adding(down, up, self.scale)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @torch.no_grad()
    def merged(self, network: nn.Module) -> dict[str, Tensor]:
        """Return the state of ``network`` with the changes added to its layers."""
        state = {name: value.clone() for name, value in network.state_dict().items()}
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            weight = state[f"{name}.weight"]
            weight += (self.scale * up @ down).view_as(weight).to(weight)
        return state

    def tensors(self, network: nn.Module, prefix: str) -> dict[str, Tensor]:
        """Return them under the names and in the shapes that peft and diffusers read."""
        by_name, result = layers(network), dict[str, Tensor]()
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            layer, up = by_name[name], up * self.scale
            if isinstance(layer, nn.Conv2d):
                down, up = down.view(len(down), *layer.weight.shape[1:]), up[..., None, None]
            result[f"{prefix}{name}.lora_A.weight"] = down.detach()
            result[f"{prefix}{name}.lora_B.weight"] = up.detach()
        return result


def layers(network: nn.Module) -> Mapping[str, Layer]:
    """Return the layers that can have matrices beside them, by name."""
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
    }


def _adding(down: Tensor, up: Tensor, scale: float) -> Callable[..., Tensor]:
    def add(layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        x = inputs[0]
        if isinstance(layer, nn.Conv2d):
            kernel = down.view(len(down), *layer.weight.shape[1:]).to(x)
            small = F.conv2d(x, kernel, None, layer.stride, layer.padding, layer.dilation)
            return output + scale * F.conv2d(small, up.to(x)[..., None, None])
        return output + scale * F.linear(F.linear(x, down.to(x)), up.to(x))

    return add
