"""Likelihoods of whole levels of a picture under continuous distributions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def discretised_logistic(x: Tensor, mean: Tensor, log_scale: Tensor, levels: int) -> Tensor:
    """Return the negative log-likelihood of each value, in nats.

    The logistic distribution is integrated over the level of ``x``; the outermost levels have the
    tails (Salimans et al., PixelCNN++, 2017).

    Args:
        x: Values from -1 to 1, at ``levels`` places.
        mean, log_scale: Of the distribution, in the units of ``x``.
    """
    half = 1 / (levels - 1)
    scaled = torch.exp(-log_scale)
    above, below = (x - mean + half) * scaled, (x - mean - half) * scaled
    inside = torch.sigmoid(above) - torch.sigmoid(below)
    # Where both are on one flank the difference vanishes in single precision: the density serves.
    middle = (x - mean) * scaled
    density = middle - log_scale - 2 * F.softplus(middle) + torch.log(torch.tensor(2 * half))
    log_inside = torch.where(inside > 1e-5, torch.log(inside.clamp_min(1e-12)), density)
    log_lowest, log_highest = F.logsigmoid(above), F.logsigmoid(-below)
    likelihood = torch.where(x <= half - 1, log_lowest, log_inside)
    return -torch.where(x >= 1 - half, log_highest, likelihood)
