"""What lies on white paper, cut out: pictures with a transparent background. Draws nothing."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

PAPER = 244
"""From here on, of 255, the darkest channel of a pixel counts as paper."""
_EDGE = 2.0
"""Pixels over which ink becomes paper."""


def cut_out(picture: np.ndarray) -> np.ndarray:
    """Return (H, W, 4): the paper that reaches the border is transparent, white within is not.

    Along the edge a pixel is part ink, part paper: it becomes that much transparent, and its
    colour that of the ink alone.

    Args:
        picture: (H, W, 3) uint8 on white.
    """
    light = picture.min(axis=2)
    regions, _ = ndimage.label(light >= PAPER)
    border = np.concatenate((regions[0], regions[-1], regions[:, 0], regions[:, -1]))
    outside = np.isin(regions, np.unique(border[border > 0]))
    near = ndimage.distance_transform_edt(~outside)
    ink = ndimage.minimum_filter(light, size=2 * round(_EDGE) + 1).astype(np.float32)
    share = (255.0 - light) / np.maximum(255.0 - ink, 1.0)
    alpha = np.where(outside, 0.0, np.where(near > _EDGE, 1.0, share.clip(0, 1)))
    colour = 255 - (255 - picture.astype(np.float32)) / np.maximum(alpha, 1e-3)[..., None]
    shown = np.where(alpha[..., None] > 0, colour.clip(0, 255), 255)
    return np.dstack((shown, alpha * 255)).round().astype(np.uint8)
