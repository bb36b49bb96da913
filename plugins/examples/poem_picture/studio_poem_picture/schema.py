"""Parameters of the example."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, Label, Params, Range, Seed, Text, TextModel, WeightsId


class Make(Params, frozen=True):
    """What the poem is about, and who writes and paints."""

    about: Annotated[
        str,
        Text(placeholder="e.g. a fox", max_chars=200),
        Label("About", "What the poem is about."),
    ]
    form: Annotated[Literal["haiku", "rhyme", "free"], Label("Form", "How the poem is built.")] = (
        "free"
    )
    lines: Annotated[int, Range(2, 12), Label("Lines", "About how many lines to write.")] = 4
    weights: TextModel = WeightsId()
    painter: Annotated[
        WeightsId,
        Capability("text-to-image"),
        Label("Painter", "The model that paints the picture."),
    ] = WeightsId()
    seed: Annotated[
        Seed, Label("Seed", "The same seed and settings make the same poem and picture.")
    ] = Seed.random()
