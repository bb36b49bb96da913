"""Which kind of weights is drawn with by what."""

from __future__ import annotations

from typing import Any

from studio_image.diffusion_transformers.family import Family
from studio_image.diffusion_transformers.flux import Flux
from studio_image.diffusion_transformers.pixart import PixArt
from studio_image.diffusion_transformers.sana import Sana
from studio_image.diffusion_transformers.sd3 import StableDiffusion3

_FAMILIES: dict[str, type[Family]] = {
    "sd3": StableDiffusion3,
    "flux": Flux,
    "pixart": PixArt,
    "sana": Sana,
}


def family(architecture: str, pipe: Any) -> Family | None:
    """Return how a transformer is asked; None for weights in which a U-Net draws."""
    kind = _FAMILIES.get(architecture)
    return kind(pipe) if kind else None
