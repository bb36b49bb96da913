"""Parameters of a bias report."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Label, Params, Range, Seed, TextModel, WeightsId


class Report(Params, frozen=True):
    """Which language model is asked, about whom."""

    weights: TextModel = WeightsId()
    groups: Annotated[
        Literal["all", "gender", "age", "origin", "religion"],
        Label("Groups", "What kind of groups of people to compare."),
    ] = "all"
    completions: Annotated[
        int,
        Range(0, 16, lowest="None"),
        Label(
            "Texts",
            "How often to let the model continue each sentence, and count what it writes; this "
            "takes longer than the probabilities alone.",
        ),
    ] = 0
    seed: Annotated[Seed, Label("Seed", "The same report for the same seed.")] = Seed(0)
