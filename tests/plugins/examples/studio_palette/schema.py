"""Parameters of the palette."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Label, Params, Range


class PaletteOf(Params):
    """Which picture, and how many colours."""

    picture: Annotated[str, File((".png", ".jpg")), Label("Picture")]
    colors: Annotated[int, Range(2, 16), Label("Colours")] = 5


class PixelsOf(Params):
    """Which picture."""

    picture: Annotated[str, File((".png", ".jpg")), Label("Picture")]
