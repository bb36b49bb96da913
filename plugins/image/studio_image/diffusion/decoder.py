"""Latents to pixels: the finished picture, and a cheap guess of it for each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.api import ErrorCode, StudioError
from studio_image.diffusion.model import DiffusionModel, in_float32
from studio_image.picture_arrays import BLANK

if TYPE_CHECKING:
    from torch import Tensor

_PATCHES = 8
_PATCH = 3


def decode(
    model: DiffusionModel, latents: Tensor, *, in_tiles: bool = False
) -> tuple[Tensor, bool]:
    """Return the picture (1, 3, h, w) in 0…1, and whether it took a second try in float32.

    The second try is for numbers that are none, and for a picture of one colour.

    Args:
        in_tiles: Decode a part at a time: less memory, and here and there a shade differs.

    Raises:
        StudioError: The decoder gives no numbers in float32, either.
    """
    import torch

    with _tiled(model.pipe.vae, in_tiles) as vae:
        pixels = _pixels(vae, latents)
        if torch.isfinite(pixels).all() and pixels.std() > BLANK / 255:
            return pixels, False
        with in_float32(vae) as exact:
            pixels = _pixels(exact, latents)
    if not torch.isfinite(pixels).all():
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            "The decoder of this model produced invalid numbers, even in float32.",
            "Verify the model, or lower the guidance.",
        )
    return pixels, True


@contextmanager
def _tiled(vae: Any, in_tiles: bool) -> Iterator[Any]:
    """Lend the decoder as it is, or set to tiles. Never held across a ``yield`` of the task."""
    if in_tiles:
        vae.enable_tiling()
    try:
        yield vae
    finally:
        if in_tiles:
            vae.disable_tiling()


def _pixels(vae: Any, latents: Tensor) -> Tensor:
    import torch

    with torch.no_grad():
        shift = vae.config.get("shift_factor") or 0.0
        wanted = (latents / vae.config.scaling_factor + shift).to(vae.device, vae.dtype)
        decoded: Tensor = vae.decode(wanted, return_dict=False)[0].float()
    # Not-a-numbers pass through clamp as they are; the caller looks for them.
    return (decoded / 2 + 0.5).clamp(0, 1)


def glimpse(model: DiffusionModel, latents: Tensor) -> Any:
    """Return a guess of the picture: (h, w, 3) uint8, one pixel for each of the latents."""
    import torch

    if model.tints is None:
        model.tints = _tints(model)
    with torch.no_grad():
        flat = latents[0].float().cpu().flatten(1).T
        seen = torch.cat([flat, torch.ones(len(flat), 1)], 1) @ model.tints
        size = (*latents.shape[-2:], 3)
        return (seen.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8).view(size).numpy()


def _tints(model: DiffusionModel) -> Tensor:
    """Return the (channels + 1, 3) colours that fit the decoder best, by least squares.

    Measured on 64 flat patches of random latents, so that it holds for decoders of any training.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    channels = model.plan.channels
    values = torch.randn(1, channels, _PATCHES, _PATCHES, generator=rng)
    patches = values.repeat_interleave(_PATCH, 2).repeat_interleave(_PATCH, 3)
    pixels = _pixels(model.pipe.vae, patches).cpu().nan_to_num()
    side = pixels.shape[-1] // _PATCHES
    middle = pixels.unfold(2, side, side).unfold(3, side, side)
    edge = side // _PATCH
    colours = middle[..., edge : side - edge, edge : side - edge].mean((-1, -2))[0].flatten(1).T
    basis = torch.cat([values[0].flatten(1).T, torch.ones(_PATCHES**2, 1)], 1)
    solution: Tensor = torch.linalg.lstsq(basis, colours).solution
    return solution
