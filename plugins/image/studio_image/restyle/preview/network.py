"""The first picture of a restyling: one pass of a network, for the included styles. Reads no files.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer" (arXiv:1603.08155), with the scale
and shift of each style's own after every normalisation (Dumoulin et al., arXiv:1610.07629): those
of several styles are mixed as the styles are. It was trained on the goal that ``transfer`` steps
towards, and begins where that begins: with the picture in the colours of the styles.
"""

from __future__ import annotations

from collections.abc import Generator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_image.restyle.transfer import Wish, coloured, in_their_colours, resized

STYLES = ("waves", "mosaic", "glass")
"""What it was trained on, in the order of its tensors."""
SIDE = 256
"""Pixels: the longer side of what it paints; strokes are as large as in a result of that size."""
_SHORTEST = 32  # px: of the shorter side
_WIDTHS = (16, 32, 64)  # channels at the full size, a half and a quarter of it
_LEAST = 1e-3  # variance that is added: what hardly varies must not be blown up
_DILATIONS = (1, 2, 4, 2, 1)  # of the blocks: a tile of a mosaic is wider than a few places


class Layer(nn.Module):
    """A convolution, normalised by picture, scaled and shifted by style.

    Args:
        enlarged: Whether what comes in is made twice as large first.
        rectified: Whether nothing below zero goes out.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        side: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        enlarged: bool = False,
        rectified: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, side, stride, dilation=dilation, bias=False)
        self.scale = nn.Parameter(torch.ones(len(STYLES), width))
        self.shift = nn.Parameter(torch.zeros(len(STYLES), width))
        self.rim = dilation * (side // 2)
        self.enlarged, self.rectified = enlarged, rectified

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """Return (n, width, h, w) for (n, channels, H, W) and ``shares`` (n, styles)."""
        if self.enlarged:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.instance_norm(self.conv(F.pad(x, [self.rim] * 4, mode="reflect")), eps=_LEAST)
        scale, shift = shares @ self.scale, shares @ self.shift
        x = x * scale[..., None, None] + shift[..., None, None]
        return F.relu(x) if self.rectified else x


class Block(nn.Module):
    """Residual block of two layers."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = Layer(width, width, dilation=dilation)
        self.second = Layer(width, width, dilation=dilation, rectified=False)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """Return the same shape."""
        out: Tensor = x + self.second(self.first(x, shares), shares)
        return out


class TransformNetwork(nn.Module):
    """A picture, the same in the colours of the styles, and a noise → the picture restyled."""

    def __init__(self) -> None:
        super().__init__()
        full, half, quarter = _WIDTHS
        self.layers = nn.ModuleList(
            [
                Layer(7, full, 5),
                Layer(full, half, stride=2),
                Layer(half, quarter, stride=2),
                *(Block(quarter, dilation) for dilation in _DILATIONS),
                Layer(quarter, half, enlarged=True),
                Layer(half, full, enlarged=True),
            ]
        )
        self.last = nn.Conv2d(full, 3, 5, padding=2, padding_mode="reflect")
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)
        self.kept = nn.Parameter(torch.full((len(STYLES),), 0.5))
        """How much of the fine detail of the picture stays, by style."""

    def forward(self, content: Tensor, matched: Tensor, noise: Tensor, shares: Tensor) -> Tensor:
        """Return pictures (n, 3, H, W) in about 0…1; sides are multiples of 4.

        Args:
            content: Pictures (n, 3, H, W) in 0…1.
            matched: The same in the colours of their styles.
            noise: (n, 1, H, W), normal: what a blank sky has instead of strokes.
            shares: Of each of ``STYLES``, (n, 3), together 1.
        """
        x = torch.cat((content - 0.5, matched - 0.5, noise), 1)
        for layer in self.layers:
            x = layer(x, shares)
        broad = F.interpolate(F.avg_pool2d(matched, 4), scale_factor=4, mode="bilinear")
        fine = (shares @ self.kept)[:, None, None, None] * (matched - broad)
        out: Tensor = broad + fine + self.last(x)
        return out


def first_picture(
    network: TransformNetwork, wish: Wish, shares: Tensor, generator: torch.Generator | None = None
) -> Generator[None, None, Tensor]:
    """Yield between parts of the work; return the picture (1, 3, h, w) in 0…1, `SIDE` pixels long.

    Args:
        shares: Of each of `STYLES`, (3,); those of ``wish.styles``.
    """
    device = network.last.weight.device
    height, width = wish.content.shape[-2:]
    share = SIDE / max(height, width)
    size = [max(_SHORTEST, round(length * share / 4) * 4) for length in (height, width)]
    content = resized(wish.content.to(device), size)
    styles = [(picture.to(device), part) for picture, part in wish.styles]
    yield None
    matched = yield from in_their_colours(content, styles, 1.0)
    noise = torch.randn(content[:, :1].shape, generator=generator, device=device)
    with torch.no_grad():
        result = network(content, matched, noise, shares[None].to(device)).clamp(0, 1)
    result = torch.lerp(content, result, min(wish.strength, 1.0))
    return coloured(result, content) if wish.keep_colours else result
