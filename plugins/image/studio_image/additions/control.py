"""ControlNets: networks that lead a drawing by the edges, depth or pose of a picture.

arXiv:2302.05543. The networks are those of ``diffusers``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.api import BadInput

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

_WEAK, _STRONG = 0.1, 0.2
"""Shares of the steepest slope: an edge is all that is steeper than the first and touches what is
steeper than the second."""
_SMOOTH = 1.4

KINDS = {
    "Stable Diffusion": "ControlNetModel",
    "Stable Diffusion 3": "SD3ControlNetModel",
    "Flux": "FluxControlNetModel",
    "Sana": "SanaControlNetModel",
}
"""What the base is called → the class of its ControlNets; ``diffusers`` has none for PixArt."""
FITTING = {
    "UNet2DConditionModel": KINDS["Stable Diffusion"],
    "SD3Transformer2DModel": KINDS["Stable Diffusion 3"],
    "FluxTransformer2DModel": KINDS["Flux"],
    "SanaTransformer2DModel": KINDS["Sana"],
}
"""The class of the drawing network → that of its ControlNets."""
_OF_UNETS = ("cross_attention_dim", "block_out_channels", "layers_per_block", "in_channels")
_OF_TRANSFORMERS = ("num_attention_heads", "attention_head_dim", "in_channels")


@dataclass
class Control:
    """A loaded ControlNet.

    Attributes:
        stamp: Which files it is, for what is kept of pictures made with it.
    """

    title: str
    stamp: str
    network: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Led:
    """What leads one drawing.

    Attributes:
        picture: (1, 3, height, width) in 0…1, as the network wants it; once drawing begins with
            a transformer, what that makes of it (:meth:`~.Family.hint`).
        strength: How much it counts; 1 is as it was trained.
        end: The share of the steps after which the drawing is left to itself.
    """

    control: Control
    picture: Tensor = field(repr=False)
    strength: float = 1.0
    end: float = 1.0

    def residuals(self, latents: Tensor, time: Any, words: dict[str, Any]) -> dict[str, Any]:
        """Return the residuals to add to the features of the U-Net.

        Transformers use :meth:`~.Family.lead` instead.
        """
        network = self.control.network
        dtype = network.dtype
        down, middle = network(
            latents.to(dtype),
            time,
            **_in(words, dtype),
            controlnet_cond=self.picture.to(latents.device, dtype).expand(len(latents), -1, -1, -1),
            conditioning_scale=self.strength,
            return_dict=False,
        )
        return {
            "down_block_additional_residuals": down,
            "mid_block_additional_residual": middle,
        }


def check(pipe: Any, control: Control) -> None:
    """Check that a ControlNet was made for weights like these.

    Raises:
        BadInput: It was not.
    """
    network = getattr(pipe, "unet", None) or pipe.transformer
    ours, theirs = network.config, control.network.config
    kind, wanted = type(control.network).__name__, FITTING.get(type(network).__name__, "")
    if kind != wanted:
        its = next(title for title, choice in KINDS.items() if choice == kind)
        raise BadInput(
            f"The ControlNet “{control.title}” was made for another base model: {its}.",
            "Choose a model that fits it, or another ControlNet.",
        )
    if theirs.get("num_mode") is not None or theirs.get("extra_conditioning_channels"):
        raise BadInput(
            f"The ControlNet “{control.title}” takes more than a picture, which is not supported.",
            "Use one for edges, depth or poses alone.",
        )
    is_unet = kind == KINDS["Stable Diffusion"]
    for name in _OF_UNETS if is_unet else _OF_TRANSFORMERS:
        mine, its = ours.get(name), theirs.get(name)
        if _plain(mine) != _plain(its):
            raise BadInput(
                f"The ControlNet “{control.title}” was made for another base model ({name} is "
                f"{its}, here {mine}).",
                "Choose a model that fits it, or another ControlNet.",
            )


def edges(picture: np.ndarray) -> np.ndarray:
    """Return the edges of a picture, white on black, each one pixel wide (Canny, 1986).

    Args:
        picture: (H, W, 3) uint8.
    """
    import numpy as np
    from scipy import ndimage

    grey = ndimage.gaussian_filter(picture[..., :3].astype(np.float32).mean(axis=2), _SMOOTH)
    across, down = ndimage.sobel(grey, axis=1), ndimage.sobel(grey, axis=0)
    slope = np.hypot(across, down)
    # Of a slope only its crest: compared with both neighbours in its direction, one of four.
    way = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 4
    crest = np.zeros(slope.shape, bool)
    for number, (dy, dx) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        before, after = np.roll(slope, (dy, dx), (0, 1)), np.roll(slope, (-dy, -dx), (0, 1))
        crest |= (way == number) & (slope >= before) & (slope > after)
    top = max(float(slope.max()), 1e-6)
    weak, strong = crest & (slope > _WEAK * top), crest & (slope > _STRONG * top)
    parts, _ = ndimage.label(weak, np.ones((3, 3)))
    outline = np.isin(parts, np.unique(parts[strong])) & weak
    drawn: np.ndarray = (outline[..., None] * np.full(3, 255)).astype(np.uint8)
    return drawn


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _in(words: Any, dtype: Any) -> Any:
    if isinstance(words, dict):
        return {name: _in(value, dtype) for name, value in words.items()}
    return words.to(dtype)
