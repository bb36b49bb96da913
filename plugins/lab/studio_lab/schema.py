"""Parameters of the tasks of the lab: one declaration for form, flags and record. Plain data."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    BadInput,
    Capability,
    ColumnsOf,
    File,
    Group,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    ShownIf,
    WeightsId,
)

ArchitectureName = Literal[
    "vae",
    "gan",
    "diffusion",
    "flow_matching",
    "pixelcnn",
    "decoder_transformer",
    "recurrent",
    "normalising_flow",
    "vqvae",
    "encoder_decoder",
    "classifier",
]
SizeName = Literal["small", "medium", "large"]
ExampleName = Literal["auto", "digits", "manual", "wine", "breast_cancer", "swaps"]

_ARCHITECTURES = {
    "vae": "Autoencoder (VAE)",
    "gan": "GAN",
    "pixelcnn": "PixelCNN",
    "decoder_transformer": "Transformer",
    "recurrent": "Recurrent network",
    "classifier": "Classifier (baseline)",
}
"""The names of those that are no words."""

_TRAINING = Group("Training", advanced=True)
_TRIALS = Group("Trials", advanced=True)
_REGULARISATION = Group("Regularisation", advanced=True)


class Train(Params, frozen=True):
    """What learns, from what, for how long."""

    architecture: Annotated[
        ArchitectureName,
        Label("Architecture", "The kind of network to train.", choices=_ARCHITECTURES),
        RenamedFrom("recipe"),
    ] = "vae"
    data: Annotated[
        str,
        File(folder=True),
        Label(
            "Data",
            "A folder of pictures, a text or a folder of texts, or a CSV table.",
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
        int, Range(1, 4096), Label("Batch", "How many examples each step learns from."), _TRAINING
    ] = 64
    rate: Annotated[
        float,
        Range(0.0, 1.0, 0.0001, lowest="Auto"),
        Label("Learning rate", "Auto: what suits the architecture."),
        _TRAINING,
    ] = 0.0
    side: Annotated[
        Literal[16, 32, 64],
        Label("Picture size", "Pixels along one side; pictures of a folder are cut to squares."),
        _TRAINING,
    ] = 32
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
    early_stopping: Annotated[
        bool,
        Label("Stop early", "End when the validation has not improved for a while."),
        _REGULARISATION,
    ] = True
    dropout: Annotated[
        float,
        Range(0.0, 0.9, 0.05),
        Label("Dropout", "The share of activations that each step leaves out."),
        _REGULARISATION,
    ] = 0.0
    decay: Annotated[
        float,
        Range(0.0, 1.0, 0.01),
        Label("Weight decay", "How strongly weights are pulled towards zero."),
        _REGULARISATION,
    ] = 0.01
    augmentation: Annotated[
        Literal["none", "shift", "flip"],
        Label("Augmentation", "Move each picture a little, or mirror it too, whenever it is seen."),
        _REGULARISATION,
    ] = "none"
    seed: Seed = Seed.random()


class Sample(Params, frozen=True):
    """Which network makes how much."""

    weights: Annotated[
        WeightsId, Capability("lab"), Label("Model", "A model that was trained in the lab.")
    ] = WeightsId()
    count: Annotated[
        int, Range(1, 10_000), Label("Samples", "How many pictures, texts or rows to make.")
    ] = 16
    single: Annotated[
        bool, Label("One result each", "Also save each picture or text by itself.")
    ] = False
    seed: Seed = Seed.random()


class Compare(Params, frozen=True):
    """Which networks are set side by side, and on what data."""

    weights: Annotated[
        list[str],
        Label("Models", "Models that were trained in the lab, by their ids on the Models page."),
    ]
    data: Annotated[
        str,
        File(folder=True),
        Label("Data", "What they were trained on: a folder of pictures, texts, or a CSV table."),
    ] = ""
    example: Annotated[
        ExampleName,
        Label(
            "Example", "A small data set that comes with the studio; used where no data are chosen."
        ),
    ] = "auto"
    samples: Annotated[
        int,
        Range(50, 5000, 50),
        Label("Samples", "How many each makes; more tell smaller differences."),
    ] = 300
    features: Annotated[
        WeightsId | None,
        Capability("features"),
        Label("Features", "What colour pictures are compared by, if they have no classes."),
        Group("Measures", advanced=True),
    ] = WeightsId()
    seed: Annotated[Seed, Label("Seed", "The same for all models.")] = Seed(0)


class Augment(Params, frozen=True):
    """Which table gets more rows, how they are made, and how it is found out whether they help."""

    table: Annotated[
        str, File((".csv", ".tsv", ".txt")), Label("Table", "A CSV file with a row of names.")
    ]
    target: Annotated[
        str, ColumnsOf("table"), Label("Target", "The column whose classes are to be predicted.")
    ]
    method: Annotated[
        Literal["best", "smote", "adasyn", "copula", "vae", "noise", "independent"],
        Label(
            "Method",
            "Best: SMOTE, a Gaussian copula and a variational autoencoder are compared. "
            "Independent columns are the plain baseline.",
        ),
    ] = "best"
    rows: Annotated[
        int,
        Range(0, 1_000_000, 100, lowest="Auto"),
        Label("Rows", "How many to make; Auto: as many as make rare classes frequent."),
    ] = 0
    ignore: Annotated[
        list[str],
        ColumnsOf("table"),
        Label("Leave out", "Columns that are known only after the target, or say who it is."),
    ] = []
    splits: Annotated[
        int,
        Range(3, 100),
        Label("Splits", "How often the table is split into training and test rows."),
        _TRIALS,
    ] = 10
    classifier: Annotated[
        Literal["logistic regression", "gradient boosting"],
        Label("Classifier", "What learns from the rows, to see what they are worth."),
        _TRIALS,
    ] = "logistic regression"
    score: Annotated[
        Literal["average precision", "balanced accuracy"],
        Label(
            "Score",
            "Average precision asks how rows are ordered; balanced accuracy asks where the line "
            "is drawn, too, which class weights move as well.",
        ),
        _TRIALS,
    ] = "average precision"
    seed: Seed = Seed.random()

    def check(self) -> None:
        """Refuse a target that is left out."""
        if self.target in self.ignore:
            raise BadInput(
                f"“{self.target}” is the target and cannot be left out.", "Pick another column."
            )
