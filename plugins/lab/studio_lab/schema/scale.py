"""Parameters of a grid of trainings."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Group, Label, Params, Range, Seed
from studio_lab.schema.names import ARCHITECTURES, ArchitectureName, SizeName
from studio_lab.schema.training_fields import (
    TRAINING,
    ArchitectureRate,
    Example,
    Extremes,
    FirstRow,
)


class Scale(Params, frozen=True):
    """Parameters of a scaling run: the network, its data, and the time limit."""

    architecture: Annotated[
        ArchitectureName,
        Label("Architecture", "The kind of network to train.", choices=ARCHITECTURES),
    ] = "vae"
    data: Annotated[
        str,
        File(folder=True, or_file=True),
        Label("Data", "What to learn from; parts of it are compared."),
    ] = ""
    example: Example = "auto"
    size: Annotated[
        SizeName, Label("Size", "The largest network of the grid; a larger one is held out.")
    ] = "small"
    minutes: Annotated[
        float,
        Range(0.1, 10_000, 5, "min"),
        Label("Time", "How long all trainings together may take."),
    ] = 15.0
    batch: Annotated[
        int, Range(1, 4096), Label("Batch", "How many examples each step learns from."), TRAINING
    ] = 32
    rate: ArchitectureRate = 0.0
    side: Annotated[
        int, Range(16, 64, 16), Label("Picture size", "Pixels along one side."), TRAINING
    ] = 32
    price: Annotated[
        float,
        Range(0, 1e6, 0.01, "per kWh"),
        Label(
            "Price of electricity",
            "In your currency; what the measured energy of each training costs is told. 0: no cost "
            "is told.",
        ),
        Group("Cost", advanced=True),
    ] = 0.0
    first_row: FirstRow = "auto"
    extremes: Extremes = "refuse"
    seed: Seed = Seed.random()
