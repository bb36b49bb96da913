"""Parameters of a look at data."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import ColumnsOf, File, Group, Label, Params
from studio_lab.schema.names import ExampleName


class Describe(Params, frozen=True):
    """Which data are looked at, and how they would be prepared."""

    data: Annotated[
        str,
        File(folder=True),
        Label(
            "Data",
            "A folder of pictures, sounds (WAV), texts or tunes (MIDI), or a file: text, table "
            "or molecules.",
        ),
    ] = ""
    example: Annotated[
        ExampleName,
        Label(
            "Example", "A small data set that comes with the studio; used where no data are chosen."
        ),
    ] = "auto"
    target: Annotated[
        str,
        ColumnsOf("data"),
        Label("Target", "Of a table: the column whose classes are to be predicted."),
    ] = ""
    side: Annotated[
        Literal[16, 32, 64],
        Label("Picture size", "Pixels along the shorter side; of sounds, bands of pitch."),
        Group("Training", advanced=True),
    ] = 32
