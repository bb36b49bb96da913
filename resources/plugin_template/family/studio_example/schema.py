"""The parameters of the tasks: each class is a form, flags of the command line, and their checks.

Read in every process, so it imports nothing heavy.
"""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, Label, Params, Range, Seed, Text, WeightsId


class Shuffle(Params, frozen=True):
    """What ``example.shuffle`` is told."""

    text: Annotated[
        str, Text(lines=3, placeholder="Some words"), Label("Text", "Its words are shuffled.")
    ]
    times: Annotated[int, Range(1, 100), Label("Times", "How many orders to make.")] = 3
    seed: Seed = Seed.random()


class Rate(Params, frozen=True):
    """What ``example.rate`` is told. Where no weights are named, the best that fit are taken."""

    text: Annotated[str, Text(lines=3, placeholder="Some words"), Label("Text")]
    weights: Annotated[WeightsId, Capability("example-rating"), Label("Model")] = WeightsId()
