"""Noise between two noises."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_ALIKE = 0.9995
"""Cosine beyond which two directions count as one."""


def slerp(begin: Tensor, end: Tensor, share: float) -> Tensor:
    """Return what lies ``share`` of the way from ``begin`` to ``end`` on the arc between them.

    A straight line between two noises passes through weaker noise, of which no picture comes.
    """
    import torch

    cosine = (begin * end).sum() / (begin.norm() * end.norm()).clamp_min(1e-12)
    if cosine.abs() > _ALIKE:
        return begin * (1 - share) + end * share
    angle = torch.acos(cosine)
    first, second = torch.sin((1 - share) * angle), torch.sin(share * angle)
    return (first * begin + second * end) / torch.sin(angle)
