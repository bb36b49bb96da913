"""A picture while it is restyled: between files and tensors. Knows neither networks nor tasks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Verdict
from studio_image import picture_arrays

if TYPE_CHECKING:
    import torch

SHORTEST_SIDE = 16
"""Pixels: less than that is nothing after three poolings."""
_SHOWN = 1024
"""Pixels: the longer side of a preview."""


@dataclass
class Canvas:
    """The picture being painted, and its progress.

    Attributes:
        tensor: (1, 3, h, w) in 0…1, which may be smaller than the picture.
        picture: (H, W, 3 or 4) uint8, the source.
        started: Start time, by ``time.monotonic``.
        done: Steps.
        left: Tiles that are still to be refined.
    """

    tensor: torch.Tensor
    picture: np.ndarray
    started: float
    done: int = 0
    left: int = 0

    def is_late(self, seconds: float) -> bool:
        """Whether the time is up; 0 is no limit."""
        return 0 < seconds <= time.monotonic() - self.started

    def preview(self) -> np.ndarray:
        """Return it small enough to be shown, uint8."""
        from studio_image.restyle.transfer import resized

        share = min(1.0, _SHOWN / max(self.tensor.shape[-2:]))
        return as_array(
            resized(self.tensor, [round(length * share) for length in self.tensor.shape[-2:]])
        )

    def verdict(self) -> Verdict:
        """Return whether it is a picture of the right size that is not just the one before."""
        height, width = self.picture.shape[:2]
        finite = bool(self.tensor.isfinite().all())
        result = finished(self.tensor, self.picture)
        return picture_arrays.verdict(
            result, finite=finite, size=(width, height), source=self.picture
        )


def fitted_to(picture: np.ndarray, side: int) -> np.ndarray:
    """Return the picture with its longer side at ``side`` pixels."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    fitted = [max(SHORTEST_SIDE, round(length * scale)) for length in (width, height)]
    return picture_arrays.resized(picture, *fitted)


def as_tensor(picture: np.ndarray) -> torch.Tensor:
    """Return an (H, W, 3 or 4) picture as (1, 3, H, W) in 0…1; what shines through is white."""
    import torch

    values = picture.astype(np.float32) / 255
    if values.shape[2] == 4:
        alpha = values[..., 3:]
        values = values[..., :3] * alpha + (1 - alpha)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))[None]


def as_array(canvas: torch.Tensor) -> np.ndarray:
    """Return a picture (1, 3, H, W) in 0…1 as (H, W, 3) uint8."""
    values: Any = canvas[0].permute(1, 2, 0).float().cpu().numpy()
    return picture_arrays.from_unit(values)


def finished(canvas: torch.Tensor, picture: np.ndarray) -> np.ndarray:
    """Return the canvas at the size of ``picture``, as transparent as that was."""
    height, width = picture.shape[:2]
    result = picture_arrays.resized(as_array(canvas), width, height)
    return np.dstack((result, picture[..., 3])) if picture.shape[2] == 4 else result
