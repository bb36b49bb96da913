"""Parameters of a training."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Group, Label, Params, Range, RenamedFrom, Seed, ShownIf
from studio_lab.schema.names import ARCHITECTURES, ArchitectureName, ExampleName, SizeName

_OF_PICTURES = (
    "vae", "gan", "diffusion", "flow_matching", "pixelcnn", "normalising_flow", "vqvae",
    "classifier",
)  # fmt: skip

_TRAINING = Group("Training", advanced=True)
_REGULARISATION = Group("Regularisation", advanced=True)


class Train(Params, frozen=True):
    """What learns, from what, for how long."""

    architecture: Annotated[
        ArchitectureName,
        Label("Architecture", "The kind of network to train.", choices=ARCHITECTURES),
        RenamedFrom("recipe"),
    ] = "vae"
    data: Annotated[
        str,
        File(folder=True),
        Label(
            "Data",
            "A folder of pictures, sounds (WAV), texts or tunes (MIDI), or a file: text, table "
            "or molecules.",
        ),
    ] = ""
    example: Annotated[
        ExampleName,
        Label(
            "Example", "A small data set that comes with the studio; used where no data are chosen."
        ),
    ] = "auto"
    size: Annotated[SizeName, Label("Size", "A larger network learns more, and more slowly.")] = (
        "small"
    )
    minutes: Annotated[
        float, Range(0.05, 10_000, 1, "min"), Label("Time", "How long to train at most.")
    ] = 5.0
    steps: Annotated[
        int,
        Range(0, 10_000_000, 100, lowest="Auto"),
        Label("Steps", "How many steps to train; Auto: as many as the time allows."),
        _TRAINING,
    ] = 0
    batch: Annotated[
        int,
        Range(0, 4096, lowest="Auto"),
        Label(
            "Batch", "How many examples each step learns from. Auto: what suits the architecture."
        ),
        _TRAINING,
    ] = 0
    rate: Annotated[
        float,
        Range(0.0, 1.0, 0.0001, lowest="Auto"),
        Label("Learning rate", "Auto: what suits the architecture."),
        _TRAINING,
    ] = 0.0
    side: Annotated[
        Literal[16, 32, 64],
        Label("Picture size", "Pixels along the shorter side; of sounds, bands of pitch."),
        _TRAINING,
    ] = 32
    cut: Annotated[
        bool,
        Label("Cut to squares", "Otherwise pictures get the shape that most of them have."),
        ShownIf("architecture", *_OF_PICTURES),
        _TRAINING,
    ] = True
    tokens: Annotated[
        Literal["characters", "byte_pairs"],
        Label(
            "Tokens",
            "Byte pairs are syllables and words that the text itself often has: a model looks "
            "back further, and needs more text.",
            choices={"byte_pairs": "Byte pairs (BPE)"},
        ),
        ShownIf("architecture", "decoder_transformer", "recurrent"),
        _TRAINING,
    ] = "characters"
    cell: Annotated[
        Literal["gru", "lstm", "rnn"],
        Label("Cell", "What carries the memory of a recurrent network."),
        ShownIf("architecture", "recurrent"),
        _TRAINING,
    ] = "gru"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Label("Precision", "Auto: bfloat16 where it is measured to be faster."),
        _TRAINING,
    ] = "auto"
    checkpoint_seconds: Annotated[
        float,
        Range(1, 3600, 10, "s"),
        Label("Checkpoint every", "After a crash, training continues from the last one."),
        _TRAINING,
    ] = 60.0
    measured: Annotated[
        int,
        Range(0, 2000, 20, lowest="None"),
        Label(
            "Measured samples",
            "How many are made at the end and set beside real examples and plain baselines.",
        ),
        _TRAINING,
    ] = 300
    early_stopping: Annotated[
        bool,
        Label("Stop early", "End when the validation has not improved for a while."),
        _REGULARISATION,
    ] = True
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
    seed: Seed = Seed.random()
