"""A prompt for each painted region, as latent couple does: what each prompt draws is put together.

The network answers each prompt for the whole picture at every step, and each answer counts where
its region is (MultiDiffusion, arXiv:2302.08113, section 4.2): one more answer a region, with any
network. The alternative, attention masked by region, would need one for each kind of attention.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from studio.api import BadInput
from studio_image.schema.generate import REGION_COLOURS

if TYPE_CHECKING:
    from torch import Tensor

_GREY = 64
"""Between the strongest and the weakest of red, green and blue: below it, nothing is painted."""


@dataclass(frozen=True)
class Region:
    """Where a prompt counts.

    Attributes:
        mask: (1, 1, h, w) in 0…1, at the size of the latents.
    """

    prompt: str
    mask: Tensor = field(repr=False)


def painted(picture: np.ndarray, prompts: list[str], width: int, height: int) -> tuple[Region, ...]:
    """Return where each prompt counts.

    Args:
        picture: (H, W, 3 or 4) uint8: what is red is of the first prompt; grey, white, black and
            clear parts are of none.
        width: Of the latents; ``height`` too.

    Raises:
        BadInput: A prompt has no colour, or a colour has no prompt.
    """
    import torch

    names = list(REGION_COLOURS)
    if len(prompts) > len(names):
        raise BadInput(
            f"There are {len(prompts)} prompts for regions, but {len(names)} colours.",
            "Use fewer regions.",
        )
    owner = _owners(picture)
    if beyond := [name for name in names[len(prompts) :] if (owner == names.index(name)).any()]:
        raise BadInput(
            f"A region is painted {beyond[0]}, but there is no prompt for it.",
            "Prompts belong to " + ", ".join(names) + ", in this order.",
        )
    regions = []
    for number, prompt in enumerate(prompts):
        whole = torch.from_numpy((owner == number).astype(np.float32))[None, None]
        if not whole.any():
            raise BadInput(
                f"Nothing is painted {names[number]}, the colour of “{prompt[:40]}”.",
                "Paint its region, or remove its prompt.",
            )
        mask = torch.nn.functional.interpolate(whole, (height, width), mode="area")
        regions.append(Region(prompt, mask))
    return tuple(regions)


def together(everywhere: Tensor, answers: Iterable[Tensor], regions: tuple[Region, ...]) -> Tensor:
    """Merge regional predictions; ``everywhere`` fills the area outside all regions."""
    masks = [region.mask.to(everywhere) for region in regions]
    merged = everywhere * (1 - sum(masks))
    for mask, answer in zip(masks, answers, strict=True):
        merged = merged + mask * answer
    return merged


def _owners(picture: np.ndarray) -> np.ndarray:
    """Return for each pixel the number of its colour, or -1."""
    shown = picture[..., :3].astype(np.int16)
    low, high = shown.min(axis=-1), shown.max(axis=-1)
    # The pure colour of a pixel: each of red, green and blue is there or not.
    pure = shown > ((low + high) / 2)[..., None]
    owner = np.full(shown.shape[:2], -1)
    for number, colour in enumerate(REGION_COLOURS.values()):
        owner[(pure == (np.array(colour) > 0)).all(axis=-1)] = number
    owner[high - low < _GREY] = -1
    if picture.shape[2] == 4:
        owner[picture[..., 3] < 128] = -1
    return owner
