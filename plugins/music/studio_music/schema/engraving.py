"""Parameters of ``music.engrave``."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Label, Params, Range, Text
from studio_music.schema.fields import SCORE_SUFFIXES


class Engrave(Params, frozen=True):
    """Pictures of a score, system by system."""

    score: Annotated[str, File(SCORE_SUFFIXES), Label("Score", "What to engrave.")] = ""
    first_bar: Annotated[int, Range(0, 100_000), Label("First bar", "Counted from 0.")] = 0
    width_px: Annotated[int, Range(200, 8000, 1, "px"), Label("Width")] = 960
    scale: Annotated[
        float, Range(10, 200, 1, "%"), Label("Size", "At 40, a staff is 29 px high.")
    ] = 40
    colour: Annotated[
        str, Text(max_chars=20), Label("Colour", "Colour of all lines and notes, as in SVG.")
    ] = "#000000"
