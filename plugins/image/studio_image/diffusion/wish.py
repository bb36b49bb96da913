"""Settings of one picture. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio_image.additions.control import Led
from studio_image.additions.inversion import Inversion
from studio_image.additions.lora import Worn
from studio_image.diffusion.regions import Region

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 30


@dataclass(frozen=True)
class Wish:
    """Settings of one picture.

    Attributes:
        guidance: 1 or less: the prompt alone, at half the cost.
        start: The picture to begin with, (1, 3, height, width) in 0…1, or None.
        strength: How much of it may change.
        mask: Where it may change, (1, 1, height, width) in 0…1 at the size of the latents; None:
            everywhere. The rest is put back after each step (arXiv:2201.09865).
        karras: Space the noise levels as Karras et al. do, where the scheduler can.
        clip_skip: 2 or more: the last layers of the text encoder are left out, one for 2.
        loras: LoRAs to apply to the networks.
        inversions: Embeddings that words of the prompts stand for.
        led: The ControlNet and its picture; None for no control.
        regions: Prompts of parts of the picture.
        variation: A second seed and how far the noise goes towards it, from 0 to 1.
        freeu: Weigh the features of the upper blocks as FreeU does: more contrast and detail.
        halves: Run the network with and without the prompt one after the other: half the memory.
        by_block: Load only the active block of the network onto its card.
    """

    prompt: str
    negative: str
    width: int
    height: int
    steps: int = STEPS
    guidance: float = 7.5
    scheduler: str = "default"
    start: Tensor | None = None
    strength: float = 0.6
    mask: Tensor | None = None
    karras: bool = False
    clip_skip: int = 0
    loras: tuple[Worn, ...] = ()
    inversions: tuple[Inversion, ...] = ()
    led: Led | None = None
    regions: tuple[Region, ...] = ()
    variation: tuple[int, float] = (0, 0.0)
    freeu: bool = False
    halves: bool = False
    by_block: bool = False
