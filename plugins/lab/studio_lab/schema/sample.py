"""Parameters of sampling."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, Label, Params, Range, Seed, Text, WeightsId


class Sample(Params, frozen=True):
    """Which network makes how much."""

    weights: Annotated[
        WeightsId,
        Capability("lab", prefer="lab-samples"),
        Label("Model", "A model that was trained in the lab."),
    ] = WeightsId()
    count: Annotated[
        int,
        Range(1, 10_000),
        Label("Samples", "How many examples to make, of what the model has learned."),
    ] = 16
    single: Annotated[
        bool,
        Label("One result each", "Save each picture, text, tune or sound by itself."),
    ] = False
    prompt: Annotated[
        str,
        Text(lines=2, placeholder="Empty: a text from its beginning", max_chars=10_000),
        Label("Beginning", "What a model of text continues."),
    ] = ""
    seed: Seed = Seed.random()
