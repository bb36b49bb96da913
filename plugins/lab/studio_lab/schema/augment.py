"""Parameters of augmentation: of a table, a time series, pictures or texts."""

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
    Seed,
    ShownIf,
    WeightsId,
)
from studio_lab.schema.training_fields import Extremes, FirstRow

_TRIALS = Group("Trials", advanced=True)
_IN_TABLE = ShownIf("kind", "table", "series", "texts")
_IN_FOLDER = ShownIf("kind", "pictures")
_CLASSIFIED = ShownIf("kind", "table", "pictures", "texts")

_SERIES = {
    "blocks": "Blocks drawn again",
    "phases": "Random phases",
    "recurrent": "Recurrent network",
    "shuffled": "Shuffled values",
    "jitter": "Jitter",
    "scaling": "Scaling of values",
    "warping": "Time warping",
    "slicing": "Window slicing",
}
_TEXTS = {"words": "Swapped words", "ngrams": "N-gram model"}


class Augment(Params, frozen=True):
    """What gets more examples, how they are made, and how it is found out whether they help."""

    kind: Annotated[
        Literal["table", "series", "pictures", "texts"],
        Label(
            "Kind of data",
            "Rows with classes, values over time, pictures with classes, or texts with classes.",
            choices={"series": "Time series"},
        ),
    ] = "table"
    table: Annotated[
        str,
        File((".csv", ".tsv", ".txt")),
        Label("Table", "A CSV file."),
        _IN_TABLE,
    ] = ""
    target: Annotated[
        str,
        ColumnsOf("table"),
        Label("Target", "The column to be predicted: classes, or the values of a time series."),
        _IN_TABLE,
    ] = ""
    beside: Annotated[
        list[str],
        ColumnsOf("table"),
        Label(
            "Further columns",
            "Measured at the same times, and made together with the target, so that they fit it.",
        ),
        ShownIf("kind", "series"),
    ] = []
    data: Annotated[
        str,
        File(folder=True),
        Label("Pictures", "A folder with a folder of pictures for each class."),
        _IN_FOLDER,
    ] = ""
    example: Annotated[
        Literal["digits", "phantoms"],
        Label("Example", "Pictures that come with the studio; used where no folder is chosen."),
        _IN_FOLDER,
    ] = "digits"
    method: Annotated[
        Literal["best", "smote", "adasyn", "copula", "vae", "noise", "independent"],
        Label(
            "Method",
            "Best: SMOTE, a Gaussian copula and a variational autoencoder are compared. "
            "Independent columns are the plain baseline.",
        ),
        ShownIf("kind", "table"),
    ] = "best"
    series_method: Annotated[
        Literal[
            "best",
            "blocks",
            "phases",
            "recurrent",
            "jitter",
            "scaling",
            "warping",
            "slicing",
            "shuffled",
        ],
        Label(
            "Method",
            "Best: blocks drawn again, random phases and a recurrent network are compared. "
            "Shuffled values are the plain baseline.",
            choices=_SERIES,
        ),
        ShownIf("kind", "series"),
    ] = "best"
    picture_method: Annotated[
        Literal["best", "shift", "flip", "turn", "vae", "copula", "smote"],
        Label(
            "Method",
            "Best: shifts, mirror images, turns and a variational autoencoder are compared.",
        ),
        _IN_FOLDER,
    ] = "best"
    text_method: Annotated[
        Literal["best", "rewriting", "words", "ngrams"],
        Label(
            "Method",
            "Best: swapped words and an N-gram model are compared, and rewriting where a language "
            "model is chosen.",
            choices=_TEXTS,
        ),
        ShownIf("kind", "texts"),
    ] = "best"
    weights: Annotated[
        WeightsId | None,
        Capability("text"),
        Label("Language model", "What rewrites texts."),
        ShownIf("kind", "texts"),
    ] = WeightsId()
    through: Annotated[
        Literal["keywords", "German", "French", "Spanish"],
        Label("By way of", "What an English text becomes first, and is then written back from."),
        ShownIf("kind", "texts"),
    ] = "keywords"
    rewrites: Annotated[
        int,
        Range(20, 2000, 20),
        Label("Rewritten texts", "How many at most; each takes two answers of the model."),
        ShownIf("kind", "texts"),
    ] = 100
    rows: Annotated[
        int,
        Range(0, 1_000_000, 100, lowest="Auto"),
        Label(
            "Rows",
            "How many to make; Auto: as many as make rare classes frequent, or a series as long "
            "as the real one.",
        ),
    ] = 0
    ignore: Annotated[
        list[str],
        ColumnsOf("table"),
        Label("Leave out", "Columns that are known only after the target, or say who it is."),
        ShownIf("kind", "table"),
    ] = []
    splits: Annotated[
        int,
        Range(3, 100),
        Label("Splits", "How often the data are split into training and test."),
        _TRIALS,
    ] = 10
    classifier: Annotated[
        Literal["logistic regression", "gradient boosting", "network"],
        Label(
            "Classifier",
            "What learns from the examples, to see what they are worth; a network learns from "
            "pictures alone.",
            choices={"network": "Convolutional network"},
        ),
        _CLASSIFIED,
        _TRIALS,
    ] = "logistic regression"
    score: Annotated[
        Literal["average precision", "balanced accuracy"],
        Label(
            "Score",
            "Average precision asks how rows are ordered; balanced accuracy asks where the line "
            "is drawn, too, which class weights move as well.",
        ),
        _CLASSIFIED,
        _TRIALS,
    ] = "average precision"
    first_row: Annotated[FirstRow, _IN_TABLE] = "auto"
    extremes: Annotated[Extremes, _IN_TABLE] = "refuse"
    seed: Seed = Seed.random()

    @property
    def row_classifier(self) -> Literal["logistic regression", "gradient boosting"]:
        """The classifier for data other than pictures."""
        assert self.classifier != "network", "``check`` refuses it"
        return self.classifier

    def check(self) -> None:
        """Refuse what lacks a table or a target, and a target that is left out."""
        if self.kind != "pictures":
            if self.classifier == "network":
                raise BadInput("A network judges pictures alone.", "Choose another classifier.")
            if not self.table:
                raise BadInput("No table was chosen.", "Choose a CSV file.")
            if not self.target:
                raise BadInput("No target was chosen.", "Name the column that is to be predicted.")
        if self.target in self.ignore:
            raise BadInput(
                f"“{self.target}” is the target and cannot be left out.", "Pick another column."
            )
