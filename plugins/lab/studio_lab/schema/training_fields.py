"""Fields shared by the schemas of trainings: data, duration, learning rate."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Group, Label, Range
from studio_lab.schema.names import ExampleName, ExtremesName, FirstRowName

TRAINING = Group("Training", advanced=True)

Data = Annotated[
    str,
    File(folder=True, or_file=True),
    Label(
        "Data",
        "A folder of pictures, sounds (WAV), texts or tunes (MIDI), or a file: text, table "
        "or molecules.",
    ),
]

Example = Annotated[
    ExampleName,
    Label("Example", "A small data set that comes with the studio; used where no data are chosen."),
]

Side = Annotated[
    Literal[16, 32, 64],
    Label("Picture size", "Pixels along the shorter side; of sounds, bands of pitch."),
    TRAINING,
]

_TABLES = Group("Tables", advanced=True)

FirstRow = Annotated[
    FirstRowName,
    Label("First row", "Of a CSV table. Auto: names, unless it looks like data."),
    _TABLES,
]

Extremes = Annotated[
    ExtremesName,
    Label(
        "Extreme values",
        "Infinite numbers, and those far beyond all others in their column. Limit: set them to the "
        "nearest usual value.",
    ),
    _TABLES,
]

Minutes = Annotated[
    float, Range(0.05, 10_000, 1, "min"), Label("Time", "How long to train at most.")
]

ArchitectureRate = Annotated[
    float,
    Range(0.0, 1.0, 0.0001, lowest="Auto"),
    Label("Learning rate", "Auto: what suits the architecture."),
    TRAINING,
]

Rank = Annotated[
    int,
    Range(1, 256),
    Label("Rank", "How much the adapter can change; a higher one needs more examples."),
    TRAINING,
]

Strength = Annotated[
    float,
    Range(0.1, 512.0, 1.0),
    Label("Strength", "What the changes are multiplied by; twice the rank is usual."),
    TRAINING,
]

AdapterBatch = Annotated[
    int, Range(1, 256), Label("Batch", "How many examples each step learns from."), TRAINING
]

AdapterRate = Annotated[
    float,
    Range(0.00001, 0.1, 0.0001),
    Label("Learning rate", "How large the steps are at most."),
    TRAINING,
]

CheckpointSeconds = Annotated[
    float,
    Range(1, 3600, 10, "s"),
    Label("Checkpoint every", "After a crash, training continues from the last one."),
    TRAINING,
]

EarlyStopping = Annotated[
    bool,
    Label("Stop early", "End when the validation has not improved for a while."),
    TRAINING,
]
