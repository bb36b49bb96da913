"""What a generation is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Label, Params, Range, Seed, Text, WeightsId
from studio_image.schema.pictures import PICTURE_SUFFIXES

_SAMPLING = Group("Sampling", advanced=True)
_START = Group("Starting image", advanced=True)
_SIZE = Group("Size")

Style = Literal["3d", "flat", "colour", "noto", "noto-v1", "fx"]
Scheduler = Literal["default", "euler", "euler-a", "dpm++", "ddim", "lms", "heun"]


class Generate(Params, frozen=True):
    """What to draw, with which weights, how large and how freely.

    Zeros stand for "what these weights like best"; the record of the result says what that was.
    """

    prompt: Annotated[
        str,
        Text(lines=3, placeholder="e.g. an owl", max_chars=4000),
        Label("Prompt", "What the pictures should show."),
    ]
    negative: Annotated[
        str,
        Text(lines=2, placeholder="e.g. text, blur", max_chars=4000),
        Label("Negative prompt", "What the pictures should not show."),
    ] = ""
    style: Annotated[Style, Label("Style", "The look of the drawing; starter model only.")] = "3d"
    weights: Annotated[
        WeightsId,
        Capability("text-to-image"),
        Label("Model", "The model that generates the pictures."),
    ] = WeightsId()
    adapters: Annotated[
        list[WeightsId],
        Capability("picture-adapter"),
        Label("Adapters", "What fine-tuning taught the model, beside it; diffusion models only."),
    ] = []
    width: Annotated[
        int,
        Range(0, 4096, 8, "px", "Auto"),
        Label("Width", "0 uses the best size for the model."),
        _SIZE,
    ] = 0
    height: Annotated[
        int,
        Range(0, 4096, 8, "px", "Auto"),
        Label("Height", "0 uses the best size for the model."),
        _SIZE,
    ] = 0
    enlarge: Annotated[
        bool,
        Label("Enlarge", "Enlarge the starter model's small drawings four times."),
        _SIZE,
    ] = True
    transparent: Annotated[
        bool,
        Label("Transparent background", "Cut the drawing out of its paper; starter model only."),
    ] = False
    count: Annotated[
        int, Range(1, 16), Label("Variations", "How many pictures to generate; each is different.")
    ] = 4
    variety: Annotated[
        float,
        Range(0, 1, 0.25),
        Label(
            "Variety",
            "0 repeats one drawing; at 1 all but the first have another style. Starter model only.",
        ),
    ] = 0.5
    steps: Annotated[
        int,
        Range(0, 150, lowest="Auto"),
        Label("Steps", "More steps take longer and add detail; 0 uses the model's default."),
        _SAMPLING,
    ] = 0
    guidance: Annotated[
        float,
        Range(0, 30, 0.5, lowest="Auto"),
        Label("Guidance", "Higher follows the prompt more closely; 0 uses the model's default."),
        _SAMPLING,
    ] = 0.0
    scheduler: Annotated[Scheduler, Label("Scheduler", "The sampling method."), _SAMPLING] = (
        "default"
    )
    init: Annotated[
        str,
        File(PICTURE_SUFFIXES),
        Label("Starting image", "Start from this picture instead of noise."),
        _START,
    ] = ""
    strength: Annotated[
        float,
        Range(0.05, 1, 0.05),
        Label("Strength", "How much of that picture may change; 1 changes everything."),
        _START,
    ] = 0.6
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same pictures.")] = (
        Seed.random()
    )
