"""Parameters of a repair."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Label, Params, Range, Seed, ShownIf, Text, WeightsId
from studio_image.schema.pictures import PICTURE_SUFFIXES

_EXTEND = Group("Extend", advanced=True)
_MARGIN = Range(0, 4096, 8, "px")


class Repair(Params, frozen=True):
    """Which part of which picture to make anew, and from what."""

    image: Annotated[str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to repair.")] = ""
    mask: Annotated[
        str,
        File(PICTURE_SUFFIXES),
        Label("Mask", "A picture of the same size: what is white in it is replaced."),
    ] = ""
    scratches: Annotated[
        Literal["none", "bright", "dark", "both"],
        Label(
            "Scratches",
            "Find and replace thin lines of this kind all over the picture. Works for plain "
            "backgrounds; where there is fine detail, paint a mask over the scratches instead.",
        ),
    ] = "none"
    fill: Annotated[
        Literal["surroundings", "model"],
        Label("Fill with", "Continue the surroundings, or have a diffusion model draw it."),
    ] = "surroundings"
    prompt: Annotated[
        str,
        Text(lines=2, placeholder="e.g. a stone wall", max_chars=4000),
        Label("Prompt", "What the model should draw there."),
        ShownIf("fill", "model"),
    ] = ""
    weights: Annotated[
        WeightsId | None,
        Capability("text-to-image"),
        Label("Model", "The diffusion model that draws."),
        ShownIf("fill", "model"),
    ] = WeightsId()
    steps: Annotated[
        int,
        Range(1, 150),
        Label("Steps", "More steps take longer and add detail."),
        ShownIf("fill", "model"),
    ] = 30
    strength: Annotated[
        float,
        Range(0.05, 1, 0.05),
        Label("Strength", "How little of what was there shines through; 1: nothing."),
        ShownIf("fill", "model"),
    ] = 1.0
    feather: Annotated[
        int,
        Range(0, 64, 1, "px"),
        Label("Feather", "How far around the mask old and new are blended."),
    ] = 4
    left: Annotated[int, _MARGIN, Label("Left", "Extend the picture on this side."), _EXTEND] = 0
    top: Annotated[int, _MARGIN, Label("Top", "Extend the picture on this side."), _EXTEND] = 0
    right: Annotated[int, _MARGIN, Label("Right", "Extend the picture on this side."), _EXTEND] = 0
    bottom: Annotated[
        int, _MARGIN, Label("Bottom", "Extend the picture on this side."), _EXTEND
    ] = 0
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same picture.")] = (
        Seed.random()
    )
