"""Parameters of the steps."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Label, Params, Range, Seed, WeightsId


class Write(Params):
    """Writes its prompt, and its seed if it is asked to."""

    prompt: Annotated[str, Label("Prompt")]
    times: Annotated[int, Range(1, 9), Label("Times")] = 1
    tone: Annotated[Literal["plain", "loud"], Label("Tone")] = "plain"
    seed: Seed = Seed.random()


class Add(Params):
    """Adds a word to the text that it is handed."""

    word: Annotated[str, Label("Word")] = "!"


class Draw(Params):
    """Draws the text in a file."""

    file: Annotated[str, File((".txt",)), Label("File")]


class Look(Params):
    """Makes nothing."""

    weights: Annotated[WeightsId, Capability("looking")] = WeightsId()
