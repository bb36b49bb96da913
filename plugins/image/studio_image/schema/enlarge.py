"""What an enlargement is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import BadInput, Capability, File, Group, Label, Params, Range, ShownIf, WeightsId
from studio_image.schema.pictures import PICTURE_SUFFIXES

Asked = Literal["scale", "pixels", "percent", "print"]
LARGEST = 30_000
"""Pixels of a side."""
_INCH = {"cm": 2.54, "mm": 25.4, "inch": 1.0}
_BY_SCALE, _BY_PIXELS = ShownIf("asked", "scale"), ShownIf("asked", "pixels")
_BY_PRINT = ShownIf("asked", "print")


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
    asked: Annotated[
        Asked, Label("Result size", "How the size is given; proportions are always kept.")
    ] = "scale"
    factor: Annotated[
        Literal["1", "2", "4"],
        Label("Scale", "How many times larger; 1 cleans up the picture at its original size."),
        _BY_SCALE,
    ] = "4"
    width: Annotated[
        int,
        Range(0, LARGEST, 64, "px", "Auto"),
        Label("Result width", "At most this wide; 0 follows the height."),
        _BY_PIXELS,
    ] = 0
    height: Annotated[
        int,
        Range(0, LARGEST, 64, "px", "Auto"),
        Label("Result height", "At most this high; 0 follows the width."),
        _BY_PIXELS,
    ] = 0
    percent: Annotated[
        float, Range(10, 800, 10, "%"), Label("Percent", "100% is the original size."),
        ShownIf("asked", "percent"),
    ] = 200.0  # fmt: skip
    print_width: Annotated[
        float,
        Range(0, 2000, 1, lowest="Auto"),
        Label("Print width", "At most this wide on paper; 0 follows the height."),
        _BY_PRINT,
    ] = 0.0
    print_height: Annotated[
        float,
        Range(0, 2000, 1, lowest="Auto"),
        Label("Print height", "At most this high on paper; 0 follows the width."),
        _BY_PRINT,
    ] = 0.0
    unit: Annotated[
        Literal["cm", "mm", "inch"],
        Label("Unit", "Of the size on paper.", choices={"cm": "cm", "mm": "mm"}),
        _BY_PRINT,
    ] = "cm"
    dpi: Annotated[
        int,
        Range(30, 2400, 50, "dpi"),
        Label("Resolution", "Pixels for an inch of paper; 300 is usual for print."),
        _BY_PRINT,
    ] = 300
    weights: Annotated[
        WeightsId, Capability("upscale"), Label("Model", "The model that enlarges.")
    ] = WeightsId()
    tile: Annotated[
        int,
        Range(0, 2048, 32, "px", "Auto"),
        Label("Tile size", "Work in tiles of this size to save memory; 0 is automatic."),
        Group("Memory", advanced=True),
    ] = 0

    def check(self) -> None:
        """Check that a size that is asked for is one."""
        sides = {
            "pixels": (self.width, self.height),
            "print": (self.print_width, self.print_height),
        }
        if self.asked in sides and not any(sides[self.asked]):
            raise BadInput("There is no result size.", "Enter a width or a height.")

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """Return the size in pixels that a picture of this size gets, in its own proportions."""
        if self.asked == "scale":
            return width * int(self.factor), height * int(self.factor)
        if self.asked == "percent":
            ratio = self.percent / 100
        else:
            wide, high = self._box()
            ratio = min(side / own for side, own in ((wide, width), (high, height)) if side)
        return max(1, round(width * ratio)), max(1, round(height * ratio))

    def _box(self) -> tuple[float, float]:
        if self.asked == "pixels":
            return self.width, self.height
        pixels = self.dpi / _INCH[self.unit]
        return self.print_width * pixels, self.print_height * pixels
