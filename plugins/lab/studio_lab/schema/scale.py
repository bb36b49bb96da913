"""Parameters of a grid of trainings."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Group, Label, Params, Range, Seed
from studio_lab.schema.names import ARCHITECTURES, ArchitectureName, ExampleName, SizeName

_TRAINING = Group("Training", advanced=True)


class Scale(Params, frozen=True):
    """What is trained again and again, from what, and how long all of it may take."""

    architecture: Annotated[
        ArchitectureName,
        Label("Architecture", "The kind of network to train.", choices=ARCHITECTURES),
    ] = "vae"
    data: Annotated[
        str,
        File(folder=True),
        Label("Data", "What to learn from; parts of it are compared."),
    ] = ""
    example: Annotated[
        ExampleName,
        Label(
            "Example", "A small data set that comes with the studio; used where no data are chosen."
        ),
    ] = "auto"
    size: Annotated[
        SizeName, Label("Size", "The largest network of the grid; a larger one is held out.")
    ] = "small"
    minutes: Annotated[
        float,
        Range(0.1, 10_000, 5, "min"),
        Label("Time", "How long all trainings together may take."),
    ] = 15.0
    batch: Annotated[
        int, Range(1, 4096), Label("Batch", "How many examples each step learns from."), _TRAINING
    ] = 32
    rate: Annotated[
        float,
        Range(0.0, 1.0, 0.0001, lowest="Auto"),
        Label("Learning rate", "Auto: what suits the architecture."),
        _TRAINING,
    ] = 0.0
    side: Annotated[
        int, Range(16, 64, 16), Label("Picture size", "Pixels along one side."), _TRAINING
    ] = 32
    seed: Seed = Seed.random()
