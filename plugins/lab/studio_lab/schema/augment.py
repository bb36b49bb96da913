"""Parameters of the augmentation of a table."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import BadInput, ColumnsOf, File, Group, Label, Params, Range, Seed

_TRIALS = Group("Trials", advanced=True)


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
