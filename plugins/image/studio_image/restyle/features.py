"""VGG-16 up to conv4_2 as a fixed function from pictures to features. Learns nothing.

Simonyan and Zisserman, arXiv:1409.1556. Average instead of maximum pooling, as Gatys et al.
(arXiv:1508.06576) found smoother pictures with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

LAYERS = (
    "conv1_1",
    "conv1_2",
    "conv2_1",
    "conv2_2",
    "conv3_1",
    "conv3_2",
    "conv3_3",
    "conv4_1",
    "conv4_2",
)
Layer = Callable[[torch.Tensor], torch.Tensor]
_MEAN_BGR = (103.939, 116.779, 123.68)  # of ImageNet, in the order and scale VGG was trained with


class Features:
    """Features of pictures after each rectified convolution.

    Args:
        tensors: ``NAME.weight`` (out, in, 3, 3) and ``NAME.bias`` (out,) of every layer.
        device: Where to compute.
        dtype: Type of weights and features; by default the fastest that is precise enough there.
    """

    def __init__(
        self, tensors: Mapping[str, torch.Tensor], device: str, dtype: torch.dtype | None = None
    ) -> None:
        self.device = torch.device(device)
        self.dtype = dtype or fast_dtype(self.device)
        self._convs = {name: self._conv(tensors, name) for name in LAYERS}
        self._mean = torch.tensor(_MEAN_BGR, device=self.device).view(1, 3, 1, 1)

    def exact(self) -> Features:
        """Return the same in float32."""
        parts = {
            f"{name}.{kind}": tensor
            for name, pair in self._convs.items()
            for kind, tensor in zip(("weight", "bias"), pair, strict=True)
        }
        return Features(parts, str(self.device), torch.float32)

    def to(self, device: str) -> None:
        """Move the tensors to ``device``."""
        self.device = torch.device(device)
        self._convs = {
            name: (weight.to(self.device), bias.to(self.device))
            for name, (weight, bias) in self._convs.items()
        }
        self._mean = self._mean.to(self.device)

    def _conv(
        self, tensors: Mapping[str, torch.Tensor], name: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        weight = tensors[f"{name}.weight"].to(self.device, self.dtype)
        bias = tensors[f"{name}.bias"].to(self.device, self.dtype)
        # Channels last is what the fast kernels for 16 bits work in: twice the speed on a CPU.
        return weight.contiguous(memory_format=torch.channels_last), bias

    def layers(self, *, edges_go_on: bool = True) -> Iterator[tuple[str, Layer]]:
        """Yield the name of each layer and the layer, in order: each takes the previous output.

        The first takes pixels (n, 3, H, W) in 0…1; each gives features (n, channels, h, w).

        Args:
            edges_go_on: Whether to repeat the edge pixels as padding. With zero padding, as VGG was
                trained, a picture optimised to fit the features gets a pale frame.
        """
        for name in LAYERS:
            yield name, partial(self._layer, name, edges_go_on)

    def steps(self, pixels: torch.Tensor) -> Generator[None, None, dict[str, torch.Tensor]]:
        """Yield after each layer; return what each gave, with no way back."""
        outputs, x = {}, pixels
        for name, layer in self.layers():
            with torch.no_grad():
                outputs[name] = x = layer(x)
            yield
        return outputs

    def __call__(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the features (n, channels, h, w) of ``pixels`` (n, 3, H, W) in 0…1, by layer.

        With nothing beyond the edges: it is to compare pictures by.
        """
        outputs, x = {}, pixels
        for name, layer in self.layers(edges_go_on=False):
            outputs[name] = x = layer(x)
        return outputs

    def _layer(self, name: str, edges_go_on: bool, x: torch.Tensor) -> torch.Tensor:
        if name == LAYERS[0]:
            x = (x.flip(1) * 255 - self._mean).to(self.dtype)
            x = x.contiguous(memory_format=torch.channels_last)
        elif name.endswith("_1"):
            x = F.avg_pool2d(x, 2)
        weight, bias = self._convs[name]
        if edges_go_on:
            x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        return F.relu(F.conv2d(x, weight, bias, padding=0 if edges_go_on else 1), inplace=True)


def fast_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the machine computes it natively, else float32.

    Without such instructions bfloat16 is emulated, several times slower than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if capabilities.get("avx512_bf16") else torch.float32
