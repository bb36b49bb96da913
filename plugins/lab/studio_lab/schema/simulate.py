"""Parameters of drawn phantoms."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Group, Label, Params, Range, Seed

_LOOK = Group("Look", advanced=True)


class Simulate(Params, frozen=True):
    """How many phantoms are drawn, and how."""

    count: Annotated[int, Range(32, 10_000, 50), Label("Phantoms", "How many to draw.")] = 400
    side: Annotated[Literal[32, 64, 128], Label("Picture size", "Pixels along one side.")] = 64
    lesions: Annotated[
        float, Range(0.0, 1.0, 0.05), Label("With a lesion", "The share that has a bright spot.")
    ] = 0.5
    contrast: Annotated[
        float,
        Range(0.02, 1.0, 0.02),
        Label("Contrast", "How much brighter a lesion is than what is around it."),
        _LOOK,
    ] = 0.3
    noise: Annotated[
        float, Range(0.0, 0.5, 0.01), Label("Noise", "As a scanner has it, in each pixel."), _LOOK
    ] = 0.05
    blur: Annotated[
        float,
        Range(0.0, 100.0, 1),
        Label("Blur", "Its width, in thousandths of the picture."),
        _LOOK,
    ] = 15.0
    folder: Annotated[
        str,
        File(folder=True),
        Label(
            "Folder",
            "An empty folder that the pictures are written into, each class in one of its own, so "
            "that a model can be trained on it.",
        ),
    ] = ""
    seed: Seed = Seed.random()
