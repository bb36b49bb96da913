"""Parameters of ``music.harmonise``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Label, Params, Range, RenamedFrom, Seed, Text, WeightsId
from studio_music.schema.fields import (
    SAMPLING,
    SCORE_SUFFIXES,
    Audio,
    SamplingTemperature,
    SoundfontChoice,
    SynthChoice,
)


class Harmonise(Params, frozen=True):
    """Four voices around a given melody."""

    score: Annotated[
        str,
        File(SCORE_SUFFIXES),
        Label("Melody", "A score; its highest line is used as the melody."),
        RenamedFrom("melody"),
    ] = ""
    voice: Annotated[Literal["soprano", "alto", "tenor", "bass"], Label("Given voice")] = "soprano"
    key: Annotated[
        str,
        Text(placeholder="Of the piece", max_chars=40),
        Label("Key", "For example “D minor”; empty: the key of the piece."),
    ] = ""
    chords: Annotated[
        Literal["own", "new"],
        Label(
            "Chords",
            "New chords reharmonise a piece that has chord symbols.",
            choices={"own": "Those of the piece", "new": "New"},
        ),
    ] = "own"
    figured: Annotated[
        bool, Label("Figured bass", "Figures under the bass in the score and in MusicXML.")
    ] = False
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("chorales"), Label("Model", "The model that writes the voices.")
    ] = WeightsId()
    temperature: SamplingTemperature = 0.7
    passes: Annotated[
        int, Range(1, 64), Label("Passes", "How many times the voices are revised."), SAMPLING
    ] = 8
    audio: Audio = True
    synth: SynthChoice = "auto"
    soundfont: SoundfontChoice = WeightsId()
