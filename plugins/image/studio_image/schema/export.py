"""Parameters of an export of several pictures. Plain data."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Label, Params, Range, ShownIf, Text
from studio_image.recipes import file_names

QUALITY = 92


class PictureSettings(Params, frozen=True):
    """The section of Settings."""

    quality: Annotated[
        int,
        Range(1, 100),
        Label(
            "Quality of JPEG and WebP",
            "For pictures that are saved: higher is closer to the picture and takes more space.",
        ),
    ] = QUALITY


class Export(Params, frozen=True):
    """Which pictures, where to, under which names, in which format."""

    which: Annotated[
        Literal["batch", "starred", "all"],
        Label("Pictures", "Of those in the strip.", choices={"batch": "This batch"}),
    ] = "batch"
    folder: Annotated[str, File(folder=True), Label("Folder", "Where the files are written.")] = ""
    pattern: Annotated[
        str,
        Text(max_chars=200),
        Label(
            "Names",
            "May contain {title}, {number:3}, {seed}, {date}, {model}, {style}, {width}, {height} "
            "and {steps}.",
        ),
    ] = "{title}-{seed}"
    format: Annotated[
        Literal["png", "jpg", "webp", "tif"],
        Label("Format", choices={"png": "PNG", "jpg": "JPEG", "webp": "WebP", "tif": "TIFF"}),
    ] = "png"
    quality: Annotated[
        int,
        Range(1, 100),
        Label("Quality", "Higher is closer to the picture and takes more space."),
        ShownIf("format", "jpg", "webp"),
    ] = QUALITY

    def check(self) -> None:
        """Check the names."""
        file_names.check(self.pattern)
