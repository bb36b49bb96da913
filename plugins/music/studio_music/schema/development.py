"""Parameters of ``music.develop``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Label, Params, Range, Seed, WeightsId
from studio_music.schema.fields import SCORE_SUFFIXES, SamplingTemperature


class Develop(Params, frozen=True):
    """Bars of a melody written anew by the model, in the course of what stands around them."""

    score: Annotated[
        str, File(SCORE_SUFFIXES), Label("Melody", "A score; its melody is developed.")
    ] = ""
    how: Annotated[
        Literal["continue", "vary", "fill"],
        Label("Development", "Continue after these bars, vary them, or rewrite them."),
    ] = "continue"
    first: Annotated[
        int, Range(0, 9999, lowest="Of the piece"), Label("First bar", "Counted from 1.")
    ] = 0
    last: Annotated[
        int, Range(0, 9999, lowest="Of the piece"), Label("Last bar", "Counted from 1.")
    ] = 0
    bars: Annotated[int, Range(1, 32), Label("New bars", "How many to write when continuing.")] = 4
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("tunes"), Label("Model", "The model that composes the tune.")
    ] = WeightsId()
    temperature: SamplingTemperature = 0.95
