"""Parameters of the picture tasks: one declaration for the panel, the flags and the record.

Plain data only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Label, Params, Range, Seed, Text, WeightsId

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""Endings of the files that are read as pictures."""

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


class Enlarge(Params, frozen=True):
    """Which picture, or folder of pictures, to make larger, and how much."""

    image: Annotated[
        str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to enlarge or restore.")
    ] = ""
    folder: Annotated[
        str,
        File(folder=True),
        Label("Whole folder", "Process every picture in this folder instead."),
    ] = ""
    factor: Annotated[
        Literal["1", "2", "4"],
        Label("Scale", "How many times larger; 1 cleans up the picture at its original size."),
    ] = "4"
    weights: Annotated[
        WeightsId, Capability("upscale"), Label("Model", "The model that enlarges.")
    ] = WeightsId()
    tile: Annotated[
        int,
        Range(0, 2048, 32, "px", "Auto"),
        Label("Tile size", "Work in tiles of this size to save memory; 0 is automatic."),
        Group("Memory", advanced=True),
    ] = 0


class Restyle(Params, frozen=True):
    """Which picture to give the style of which others."""

    image: Annotated[str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to restyle.")] = ""
    styles: Annotated[
        list[str],
        Label("Styles", "Picture files, or names of the included styles; several are mixed."),
    ] = []
    mix: Annotated[
        list[float],
        Label("Models", "The share of each style, in the same order; empty: equal shares."),
    ] = []
    strength: Annotated[
        float,
        Range(0.05, 4, 0.05),
        Label(
            "Strength", "How strong the style is: 0.5 is subtle, 2 is stronger than the picture."
        ),
    ] = 1.0
    keep_colours: Annotated[
        bool, Label("Keep colours", "Take only brush strokes from the style, not its colours.")
    ] = False
    weights: Annotated[
        WeightsId, Capability("features"), Label("Model", "The model that extracts styles.")
    ] = WeightsId()
    size: Annotated[
        int,
        Range(64, 1024, 32, "px"),
        Label("Size", "The longer side of the result; twice the size takes four times as long."),
    ] = 256
    steps: Annotated[
        int, Range(10, 1000, 10), Label("Steps", "More steps take longer and add more style.")
    ] = 120
    seconds: Annotated[
        float,
        Range(0, 3600, 5, "s", "No limit"),
        Label("Time limit", "Stop after this time and keep the picture so far; 0 is no limit."),
    ] = 0.0
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same picture.")] = (
        Seed.random()
    )
