"""Colour as something words control: turn a picture's dominant hue and say the new colour.

Training only.
"""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor

_HUES = torch.tensor([0, 28, 50, 120, 212, 275, 335]) / 360
_SATURATION = torch.tensor([1, 1, 1, 0.8, 1, 1, 0.6])
_COLOUR_WORD = re.compile(
    r"\b(red|orange|yellow|green|blue|purple|pink|brown|black|white|grey|gray)\b"
)


def rename(caption: str, colour: str) -> str:
    """Return ``caption`` with its colour word replaced, or the colour put before it."""
    if _COLOUR_WORD.search(caption):
        return _COLOUR_WORD.sub(colour, caption, count=1)
    return f"{colour} {caption}"


def recolour(pictures: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
    """Turn the dominant hue of each picture.

    Args:
        pictures: (n, 3, h, w) in 0…1.
        colours: (n,) indices into ``COLOURS``.

    Returns:
        The pictures, and a mask (n,) of those that had a clear hue that really changed.
    """
    hue, saturation, value = _to_hsv(pictures)
    weight = saturation * value * (saturation > 0.25)
    dominant = _dominant_hue(hue, weight)
    shift = (_HUES[colours] - dominant).view(-1, 1, 1)
    turned = _to_rgb((hue + shift) % 1, saturation * _SATURATION[colours].view(-1, 1, 1), value)
    painted = (pictures.amin(1) < 0.97).sum((1, 2)) + 1
    changed = ((shift.flatten() + 0.5) % 1 - 0.5).abs() > 0.06
    return turned, (weight.sum((1, 2)) / painted > 0.22) & changed


def _dominant_hue(hue: Tensor, weight: Tensor) -> Tensor:
    """Return the peak of a smoothed histogram: a circular mean fails on pictures of two colours."""
    bins = (hue.flatten(1) * 36).long().clamp(0, 35)
    histogram = torch.zeros(len(hue), 36).scatter_add_(1, bins, weight.flatten(1))
    smooth = histogram + 0.7 * (histogram.roll(1, 1) + histogram.roll(-1, 1))
    peak = smooth.argmax(1).view(-1, 1, 1)
    near = ((hue * 36 - peak - 0.5 + 18) % 36 - 18).abs() < 2.5
    angle = 2 * math.pi * hue
    sine, cosine = (
        (weight * near * angle.sin()).sum((1, 2)),
        (weight * near * angle.cos()).sum((1, 2)),
    )
    return (torch.atan2(sine, cosine) / (2 * math.pi)) % 1


def _to_hsv(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    red, green, blue = rgb.unbind(1)
    value, low = rgb.amax(1), rgb.amin(1)
    chroma = value - low
    safe = chroma.clamp(min=1e-6)
    hue = torch.where(
        value == red,
        (green - blue) / safe % 6,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = torch.where(chroma > 1e-6, hue / 6, torch.zeros_like(hue))
    return hue, chroma / value.clamp(min=1e-6), value


def _to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    channels = []
    for offset in (5, 3, 1):
        k = (offset + hue * 6) % 6
        channels.append(value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, 1)
