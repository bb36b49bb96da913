"""Parameters of a training."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Group, Label, Params, Range, RenamedFrom, Seed, ShownIf
from studio_lab.schema.names import ARCHITECTURES, ArchitectureName, SizeName
from studio_lab.schema.training_fields import (
    TRAINING,
    ArchitectureRate,
    CheckpointSeconds,
    Data,
    EarlyStopping,
    Example,
    Extremes,
    FirstRow,
    Minutes,
    Side,
)

_OF_PICTURES = (
    "vae", "gan", "diffusion", "flow_matching", "pixelcnn", "normalising_flow", "vqvae",
    "classifier",
)  # fmt: skip

_REGULARISATION = Group("Regularisation", advanced=True)


class Train(Params, frozen=True):
    """What learns, from what, for how long."""

    architecture: Annotated[
        ArchitectureName,
        Label("Architecture", "The kind of network to train.", choices=ARCHITECTURES),
        RenamedFrom("recipe"),
    ] = "vae"
    data: Data = ""
    example: Example = "auto"
    size: Annotated[SizeName, Label("Size", "A larger network learns more, and more slowly.")] = (
        "small"
    )
    minutes: Minutes = 5.0
    steps: Annotated[
        int,
        Range(0, 10_000_000, 100, lowest="Auto"),
        Label("Steps", "How many steps to train; Auto: as many as the time allows."),
        TRAINING,
    ] = 0
    batch: Annotated[
        int,
        Range(0, 4096, lowest="Auto"),
        Label(
            "Batch", "How many examples each step learns from. Auto: what suits the architecture."
        ),
        TRAINING,
    ] = 0
    rate: ArchitectureRate = 0.0
    side: Side = 32
    cut: Annotated[
        bool,
        Label("Cut to squares", "Otherwise pictures get the shape that most of them have."),
        ShownIf("architecture", *_OF_PICTURES),
        TRAINING,
    ] = True
    tokens: Annotated[
        Literal["auto", "characters", "byte_pairs"],
        Label(
            "Tokens",
            "Byte pairs are syllables and words that the text itself often has: a model looks "
            "back further, and needs more text. Auto: byte pairs from 100,000 characters on.",
            choices={"byte_pairs": "Byte pairs (BPE)"},
        ),
        ShownIf("architecture", "decoder_transformer", "recurrent"),
        TRAINING,
    ] = "auto"
    cell: Annotated[
        Literal["gru", "lstm", "rnn"],
        Label("Cell", "What carries the memory of a recurrent network."),
        ShownIf("architecture", "recurrent"),
        TRAINING,
    ] = "gru"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Label("Precision", "Auto: bfloat16 where it is measured to be faster."),
        TRAINING,
    ] = "auto"
    checkpoint_seconds: CheckpointSeconds = 60.0
    measured: Annotated[
        int,
        Range(0, 2000, 20, lowest="None"),
        Label(
            "Measured samples",
            "How many are made at the end and set beside real examples and plain baselines.",
        ),
        TRAINING,
    ] = 300
    early_stopping: Annotated[EarlyStopping, _REGULARISATION] = True
    average: Annotated[
        bool,
        Label("Moving average", "Keep the mean of the weights of the last steps."),
        _REGULARISATION,
    ] = True
    dropout: Annotated[
        float,
        Range(0.0, 0.9, 0.05),
        Label(
            "Dropout",
            "The share of activations that each step leaves out. It may help where data are few: "
            "on wine, 0.2 lowers the bound of a normalising flow from 1.25 to 1.22 nats.",
        ),
        _REGULARISATION,
    ] = 0.0
    decay: Annotated[
        float,
        Range(0.0, 1.0, 0.01),
        Label("Weight decay", "How strongly weights are pulled towards zero."),
        _REGULARISATION,
    ] = 0.01
    augmentation: Annotated[
        Literal["none", "shift", "flip", "turn"],
        Label(
            "Augmentation",
            "Move each picture a little, mirror it too, or turn it, whenever it is seen. It harms "
            "where place matters: shifts raise the bound of a VAE on digits from 1.57 to 1.68 "
            "nats.",
        ),
        _REGULARISATION,
    ] = "none"
    first_row: FirstRow = "auto"
    extremes: Extremes = "refuse"
    seed: Seed = Seed.random()
