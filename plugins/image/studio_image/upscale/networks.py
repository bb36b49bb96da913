"""The two networks of Real-ESRGAN, in plain torch. Reads no files.

The layers have the names of the published checkpoints, so any safetensors edition of them loads.

Sources: ESRGAN (arXiv:1809.00219), Real-ESRGAN (arXiv:2107.10833).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.api import finished

COLOURS = 3
SLOPE = 0.2
RESIDUAL = 0.2
"""Share of a block's correction that is added to what went in."""


class Layout(NamedTuple):
    """Network hyperparameters derived from the shapes of a checkpoint."""

    kind: str
    scale: int
    width: int
    depth: int
    growth: int = 0

    def build(self) -> RRDBNet | Compact:
        """Return the network, its parameters not yet set."""
        if self.kind == "rrdb":
            return RRDBNet(self.scale, self.width, self.depth, self.growth)
        return Compact(self.scale, self.width, self.depth)


def layout_of(shapes: Mapping[str, tuple[int, ...]]) -> Layout | None:
    """Return the layout of a checkpoint with these tensors; None if it is of neither network."""
    layout = _rrdb_layout(shapes) or _compact_layout(shapes)
    if layout is None or not 1 <= layout.scale <= 8 or layout.depth > 100:
        return None
    with torch.device("meta"):
        expected = layout.build().state_dict()
    return layout if {name: tuple(t.shape) for name, t in expected.items()} == shapes else None


def _rrdb_layout(shapes: Mapping[str, tuple[int, ...]]) -> Layout | None:
    first, dense = shapes.get("conv_first.weight"), shapes.get("body.0.rdb1.conv1.weight")
    if not first or not dense or len(first) != 4:
        return None
    scale = {COLOURS: 4, COLOURS * 4: 2, COLOURS * 16: 1}.get(first[1], 0)
    blocks = {name.split(".")[1] for name in shapes if name.startswith("body.")}
    return Layout("rrdb", scale, first[0], len(blocks), dense[0])


def _compact_layout(shapes: Mapping[str, tuple[int, ...]]) -> Layout | None:
    numbers = [name.split(".")[1] for name in shapes if name.startswith("body.")]
    first = shapes.get("body.0.weight")
    if not first or len(first) != 4 or not all(number.isdigit() for number in numbers):
        return None
    last = max(map(int, numbers))
    final = shapes.get(f"body.{last}.weight", (0,))
    return Layout("compact", math.isqrt(final[0] // COLOURS), first[0], (last - 2) // 2)


class RRDBNet(nn.Module):
    """Residual-in-residual dense blocks, then nearest-neighbour enlarging by 4.

    For ``scale`` 2 and 1 the picture is folded into more channels first.
    """

    def __init__(self, scale: int = 4, width: int = 64, depth: int = 23, growth: int = 32) -> None:
        super().__init__()
        self.scale = scale
        self.fold = 4 // scale
        self.conv_first = _conv(COLOURS * self.fold**2, width)
        self.body = nn.ModuleList(_ResidualInResidual(width, growth) for _ in range(depth))
        self.conv_body = _conv(width, width)
        self.conv_up1 = _conv(width, width)
        self.conv_up2 = _conv(width, width)
        self.conv_hr = _conv(width, width)
        self.conv_last = _conv(width, COLOURS)

    @property
    def reach(self) -> int:
        """How many pixels away, at most, the input can change an output pixel."""
        return self.fold * (15 * len(self.body) + 5)

    def pixel_floats(self) -> int:
        """Return about how many numbers are alive for each input pixel at the worst moment."""
        width = self.conv_first.out_channels
        return 3 * width * self.scale**2 + 6 * width

    def steps(self, pictures: Tensor) -> Generator[None, None, Tensor]:
        """Yield after each layer; return the enlarged pictures.

        Args:
            pictures: (n, 3, H, W), 0–1; H and W multiples of ``fold``.
        """
        start = self.conv_first(F.pixel_unshuffle(pictures, self.fold))
        trunk = start
        for block in self.body:
            assert isinstance(block, _ResidualInResidual)
            trunk = yield from block.steps(trunk)
        trunk = start + self.conv_body(trunk)
        for layer in (self.conv_up1, self.conv_up2, self.conv_hr):
            if layer is not self.conv_hr:
                trunk = F.interpolate(trunk, scale_factor=2, mode="nearest")
            trunk = F.leaky_relu(layer(trunk), SLOPE, inplace=True)
            yield
        last: Tensor = self.conv_last(trunk)
        return last

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the enlarged pictures."""
        return finished(self.steps(pictures))


class _ResidualInResidual(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = _DenseBlock(width, growth)
        self.rdb2 = _DenseBlock(width, growth)
        self.rdb3 = _DenseBlock(width, growth)

    def steps(self, x: Tensor) -> Generator[None, None, Tensor]:
        out = x
        for block in (self.rdb1, self.rdb2, self.rdb3):
            out = yield from block.steps(out)
        return x + RESIDUAL * out


class _DenseBlock(nn.Module):
    """Five convolutions, each of which sees all that came before it."""

    conv1: nn.Conv2d
    conv2: nn.Conv2d
    conv3: nn.Conv2d
    conv4: nn.Conv2d

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(1, 5):
            self.add_module(f"conv{number}", _conv(width + (number - 1) * growth, growth))
        self.conv5 = _conv(width + 4 * growth, width)

    def steps(self, x: Tensor) -> Generator[None, None, Tensor]:
        seen = x
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, F.leaky_relu(layer(seen), SLOPE, inplace=True)), 1)
            yield
        added: Tensor = self.conv5(seen)
        out = x + RESIDUAL * added
        yield
        return out


class Compact(nn.Module):
    """A plain chain of convolutions that corrects the nearest-neighbour picture (SRVGGNetCompact).

    Twenty times faster than :class:`RRDBNet`.
    """

    def __init__(self, scale: int = 4, width: int = 64, depth: int = 16) -> None:
        super().__init__()
        self.scale, self.width = scale, width
        self.fold = 1
        layers: list[nn.Module] = [_conv(COLOURS, width), nn.PReLU(width)]
        for _ in range(depth):
            layers += [_conv(width, width), nn.PReLU(width)]
        self.body = nn.ModuleList([*layers, _conv(width, COLOURS * scale**2)])

    @property
    def reach(self) -> int:
        """How many pixels away, at most, the input can change an output pixel."""
        return len(self.body) // 2 + 1

    def pixel_floats(self) -> int:
        """Return about how many numbers are alive for each input pixel at the worst moment."""
        return 3 * self.width + 3 * COLOURS * self.scale**2

    def steps(self, pictures: Tensor) -> Generator[None, None, Tensor]:
        """Yield after every eighth layer; return the enlarged pictures."""
        out = pictures
        for number, layer in enumerate(self.body):
            out = layer(out)
            if number % 8 == 7:
                yield
        base = F.interpolate(pictures, scale_factor=self.scale, mode="nearest")
        return base + F.pixel_shuffle(out, self.scale)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the enlarged pictures."""
        return finished(self.steps(pictures))


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
