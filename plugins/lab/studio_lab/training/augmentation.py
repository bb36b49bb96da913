"""Pictures a little changed, so that few of them teach more. Each change is drawn by its step."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_FARTHEST = 0.125
"""Of the side: how far a picture is moved."""
_MOST_TURN, _MOST_ZOOM = math.radians(15), 0.1


def augmented(x: Tensor, how: str, random: torch.Generator) -> Tensor:
    """Return pictures, (B, C, H, W), each a little changed.

    Args:
        how: ``shift`` moves, ``flip`` moves and maybe mirrors, ``turn`` turns by 15° and enlarges
            or shrinks by 10 % at most; ``none``.

    What comes in from outside is what lies at the border.
    """
    if how == "none" or x.dim() != 4:
        return x
    if how == "turn":
        return _turned(x, random)
    if how == "flip":
        turned = torch.rand(len(x), generator=random, device=x.device) < 0.5
        x = torch.where(turned[:, None, None, None], x.flip(3), x)
    height, width = x.shape[2:]
    most = max(1, round(_FARTHEST * min(height, width)))
    padded = F.pad(x, (most,) * 4, mode="replicate")
    places = torch.randint(2 * most + 1, (len(x), 2), generator=random, device=x.device)
    down = (places[:, :1] + torch.arange(height, device=x.device))[:, :, None]
    across = (places[:, 1:] + torch.arange(width, device=x.device))[:, None, :]
    index = torch.arange(len(x), device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, down, across].permute(0, 3, 1, 2).contiguous()


def _turned(x: Tensor, random: torch.Generator) -> Tensor:
    drawn = torch.rand(len(x), 2, generator=random, device=x.device) * 2 - 1
    angle, zoom = drawn[:, 0] * _MOST_TURN, 1 + drawn[:, 1] * _MOST_ZOOM
    ratio = x.shape[2] / x.shape[3]
    rows = [zoom * angle.cos(), -zoom * angle.sin() * ratio, torch.zeros_like(zoom)]
    rows += [zoom * angle.sin() / ratio, zoom * angle.cos(), torch.zeros_like(zoom)]
    grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
