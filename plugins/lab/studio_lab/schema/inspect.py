"""Parameters of a look inside a trained network."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, Group, Label, Params, Range, Seed, Text, WeightsId

_TEXT = Group("Models of text", advanced=True)


class Inspect(Params, frozen=True):
    """Parameters of an inspection: the network, and its input or samples."""

    weights: Annotated[
        WeightsId,
        Capability("lab", prefer="lab-samples"),
        Label("Model", "A model that was trained in the lab."),
    ] = WeightsId()
    count: Annotated[
        int,
        Range(1, 24),
        Label("Examples", "How many pictures or rows are followed; a model of text has none."),
    ] = 6
    text: Annotated[
        str,
        Text(lines=3, placeholder="Empty: what the model writes itself", max_chars=10_000),
        Label(
            "Text",
            "What a model of text reads; its first 48 characters are looked at. Models of pictures "
            "or tables read nothing.",
        ),
        _TEXT,
    ] = ""
    block: Annotated[
        int,
        Range(1, 64),
        Label(
            "Block",
            "Of a transformer: whose attention heads are shown one by one. Other models have no "
            "heads.",
        ),
        _TEXT,
    ] = 1
    seed: Seed = Seed.random()
