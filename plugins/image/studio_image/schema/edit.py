"""What an edit is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Group, Label, Params, Range
from studio_image.schema.pictures import PICTURE_SUFFIXES

_CUT = Group("Crop")
_TURN = Group("Rotate")
_SHARE = Range(0, 95, 0.5, "%")
_WAY = Range(-1, 1, 0.05)
_DEGREES = {degrees: f"{degrees}°" for degrees in ("0", "90", "180", "270")}


class Edit(Params, frozen=True):
    """A picture, and a chain of changes to it, done in the order of these fields.

    Each is at first as if it were not there.
    """

    image: Annotated[str, File(PICTURE_SUFFIXES), Label("Picture", "The picture to edit.")] = ""
    turn: Annotated[
        Literal["0", "90", "180", "270"],
        Label("Rotate", "Turn the picture clockwise.", _DEGREES),
        _TURN,
    ] = "0"
    flip: Annotated[
        Literal["no", "across", "upside down"],
        Label(
            "Flip",
            "Mirror the picture.",
            {"no": "None", "across": "Horizontal", "upside down": "Vertical"},
        ),
        _TURN,
    ] = "no"
    straighten: Annotated[
        float,
        Range(-45, 45, 0.1, "°"),
        Label("Straighten", "Rotate clockwise, and cut off the empty corners."),
        _TURN,
    ] = 0.0
    left: Annotated[float, _SHARE, Label("Left", "How much to cut off on this side."), _CUT] = 0.0
    top: Annotated[float, _SHARE, Label("Top", "How much to cut off on this side."), _CUT] = 0.0
    right: Annotated[float, _SHARE, Label("Right", "How much to cut off on this side."), _CUT] = 0.0
    bottom: Annotated[float, _SHARE, Label("Bottom", "How much to cut off on this side."), _CUT] = (
        0.0
    )
    denoise: Annotated[
        float, Range(0, 1, 0.05), Label("Denoise", "Smooth out grain, but no edges.")
    ] = 0.0
    exposure: Annotated[
        float, Range(-3, 3, 0.05, "EV"), Label("Exposure", "1 is twice as bright.")
    ] = 0.0
    warmth: Annotated[
        float, _WAY, Label("Warmth", "White balance: below 0 bluer, above 0 more yellow.")
    ] = 0.0
    tint: Annotated[
        float, _WAY, Label("Tint", "White balance: below 0 greener, above 0 more purple.")
    ] = 0.0
    contrast: Annotated[float, _WAY, Label("Contrast", "Below 0 flatter, above 0 stronger.")] = 0.0
    saturation: Annotated[
        float, _WAY, Label("Saturation", "-1 is grey; above 0 colours are livelier.")
    ] = 0.0
    width: Annotated[
        int,
        Range(0, 16_384, 1, "px", "As it is"),
        Label("Width", "Resize to this width, in proportion; 0 keeps the size."),
    ] = 0
