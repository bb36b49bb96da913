"""Parameters of a look inside a trained network."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, Label, Params, Range, Seed, Text, WeightsId


class Inspect(Params, frozen=True):
    """Which network is looked into, and what it reads or makes meanwhile."""

    weights: Annotated[
        WeightsId, Capability("lab"), Label("Model", "A model that was trained in the lab.")
    ] = WeightsId()
    text: Annotated[
        str,
        Text(lines=3, placeholder="Empty: what the model writes itself", max_chars=10_000),
        Label("Text", "What a model of text reads; its first 48 characters are looked at."),
    ] = ""
    block: Annotated[
        int,
        Range(1, 64),
        Label("Block", "Of a transformer: whose attention heads are shown one by one."),
    ] = 1
    count: Annotated[
        int,
        Range(1, 24),
        Label("Examples", "Of other models: how many pictures are followed, each in a row."),
    ] = 6
    seed: Seed = Seed.random()
