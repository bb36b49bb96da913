"""Parameters of the picture tasks: one declaration for the panel, the flags and the record.

Plain data only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Label, Params, Range, Seed, Text, WeightsId

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""Endings of the files that are read as pictures."""

_SAMPLING = Group("Sampling", advanced=True)
_START = Group("Start from a picture", advanced=True)
_SIZE = Group("Size")

Style = Literal["3d", "flat", "colour", "noto", "noto-v1", "fx"]
Scheduler = Literal["default", "euler", "euler-a", "dpm++", "ddim", "lms", "heun"]


class Generate(Params, frozen=True):
    """What to draw, with which weights, how large and how freely.

    Zeros stand for "what these weights like best"; the record of the result says what that was.
    """

    prompt: Annotated[
        str,
        Text(lines=3, placeholder="An owl", max_chars=4000),
        Label("Prompt", "What the pictures should show."),
    ]
    negative: Annotated[
        str,
        Text(lines=2, placeholder="Nothing", max_chars=4000),
        Label("Without", "What the pictures should not show."),
    ] = ""
    style: Annotated[
        Style, Label("Style", "The look of the drawing; for the starter weights only.")
    ] = "3d"
    weights: Annotated[
        WeightsId, Capability("text-to-image"), Label("Model", "The weights that draw.")
    ] = WeightsId()
    width: Annotated[
        int,
        Range(0, 4096, 8, "px", "Auto"),
        Label("Width", "0 is the size these weights draw best."),
        _SIZE,
    ] = 0
    height: Annotated[
        int,
        Range(0, 4096, 8, "px", "Auto"),
        Label("Height", "0 is the size these weights draw best."),
        _SIZE,
    ] = 0
    enlarge: Annotated[
        bool,
        Label("Enlarge", "Starter weights: make the small drawings four times larger."),
        _SIZE,
    ] = True
    count: Annotated[
        int, Range(1, 16), Label("Variations", "How many pictures to make; each is different.")
    ] = 4
    steps: Annotated[
        int,
        Range(0, 150, lowest="Auto"),
        Label("Steps", "More steps take longer and show finer detail; 0 is the usual number."),
        _SAMPLING,
    ] = 0
    guidance: Annotated[
        float,
        Range(0, 30, 0.5, lowest="Auto"),
        Label("Guidance", "Higher follows the prompt more closely; 0 is the usual value."),
        _SAMPLING,
    ] = 0.0
    scheduler: Annotated[
        Scheduler, Label("Scheduler", "How noise becomes a picture, step by step."), _SAMPLING
    ] = "default"
    init: Annotated[
        str,
        File(PICTURE_SUFFIXES),
        Label("Picture", "Begin with this picture instead of with noise."),
        _START,
    ] = ""
    strength: Annotated[
        float,
        Range(0.05, 1, 0.05),
        Label("Strength", "How much of that picture may change; 1 is all of it."),
        _START,
    ] = 0.6
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same pictures.")] = (
        Seed.random()
    )


class Enlarge(Params, frozen=True):
    """Which picture, or folder of pictures, to make larger, and how much."""

    image: Annotated[
        str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to make larger or restore.")
    ] = ""
    folder: Annotated[
        str,
        File(folder=True),
        Label("Folder", "Take every picture of this folder instead, one after another."),
    ] = ""
    factor: Annotated[
        Literal["1", "2", "4"],
        Label("Factor", "How many times larger; 1 restores the picture at its own size."),
    ] = "4"
    weights: Annotated[
        WeightsId, Capability("upscale"), Label("Model", "The weights that enlarge.")
    ] = WeightsId()
    tile: Annotated[
        int,
        Range(0, 2048, 32, "px", "Auto"),
        Label("Tile", "Work in squares of this size to save memory; 0 chooses by itself."),
        Group("Memory", advanced=True),
    ] = 0


class Restyle(Params, frozen=True):
    """Which picture to give the style of which others."""

    image: Annotated[
        str, File(PICTURE_SUFFIXES), Label("Picture", "The picture whose content stays.")
    ] = ""
    styles: Annotated[
        list[str],
        Label("Styles", "Files of pictures, or names of the gallery's; several are mixed."),
    ] = []
    mix: Annotated[
        list[float],
        Label("Shares", "How much of each style, in the same order; none: all alike."),
    ] = []
    strength: Annotated[
        float,
        Range(0.05, 4, 0.05),
        Label("Strength", "How much of the style: 0.5 hints at it, 2 is more style than picture."),
    ] = 1.0
    keep_colours: Annotated[
        bool, Label("Keep colours", "Take brush strokes from the style, and no colours.")
    ] = False
    weights: Annotated[
        WeightsId, Capability("features"), Label("Model", "The weights that see styles.")
    ] = WeightsId()
    size: Annotated[
        int,
        Range(64, 1024, 32, "px"),
        Label("Size", "The longer side of the result; twice the size takes four times as long."),
    ] = 256
    steps: Annotated[
        int, Range(10, 1000, 10), Label("Steps", "More steps take longer and show more style.")
    ] = 120
    seconds: Annotated[
        float,
        Range(0, 3600, 5, "s", "No limit"),
        Label("Time", "End after this time with the picture as it is then; 0 is no limit."),
    ] = 0.0
    seed: Annotated[Seed, Label("Seed", "The same seed and settings give the same picture.")] = (
        Seed.random()
    )
