"""What an enlargement is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Label, Params, Range, WeightsId
from studio_image.schema.pictures import PICTURE_SUFFIXES


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
