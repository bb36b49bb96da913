"""Parameters of the tasks of the lab: one declaration for form, flags and record. Plain data."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Group, Label, Params, Range, Seed

ArchitectureName = Literal["vae"]
SizeName = Literal["small", "medium", "large"]
ExampleName = Literal["digits"]

_TRAINING = Group("Training", advanced=True)


class Train(Params, frozen=True):
    """What learns, from what, for how long."""

    architecture: Annotated[
        ArchitectureName, Label("Architecture", "The kind of network to train.")
    ] = "vae"
    example: Annotated[
        ExampleName, Label("Example", "A small data set that comes with the studio.")
    ] = "digits"
    size: Annotated[SizeName, Label("Size", "A larger network learns more, and more slowly.")] = (
        "small"
    )
    minutes: Annotated[
        float, Range(0.1, 10_000, 1, "min"), Label("Time", "How long to train at most.")
    ] = 5.0
    steps: Annotated[
        int,
        Range(0, 10_000_000, 100, lowest="Auto"),
        Label("Steps", "How many steps to train; Auto: as many as the time allows."),
        _TRAINING,
    ] = 0
    batch: Annotated[
        int, Range(1, 4096), Label("Batch", "How many examples each step learns from."), _TRAINING
    ] = 64
    rate: Annotated[
        float,
        Range(0.0, 1.0, 0.0001, lowest="Auto"),
        Label("Learning rate", "Auto: what suits the architecture."),
        _TRAINING,
    ] = 0.0
    seed: Seed = Seed.random()
