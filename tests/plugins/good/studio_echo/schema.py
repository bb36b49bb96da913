"""Parameters of the echo: one field of each sort."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Group, Hidden, Label, Params, Range, Seed, Text


class Say(Params):
    """What to repeat, and how."""

    text: Annotated[str, Text(lines=3, max_chars=1000), Label("Text", "What to say.")]
    times: Annotated[int, Range(1, 1_000_000), Label("Times")] = 1
    seconds_per_word: Annotated[float, Range(0, 1, unit="s"), Label("Pace")] = 0.0
    voice: Annotated[Literal["plain", "loud"], Label("Voice", "100% safe.")] = "plain"
    number: Annotated[bool, Label("Number the words"), Group("Details", advanced=True)] = False
    skip: Annotated[list[str], Label("Skip", "Words to leave out.")] = []
    source: Annotated[str | None, File((".txt",)), Label("Source")] = None
    pairs: Annotated[list[dict[str, str]], Hidden()] = []
    seed: Seed = Seed.random()


class EchoSettings(Params):
    """The echo's section of Settings."""

    loud: Annotated[bool, Label("Always loud")] = False
