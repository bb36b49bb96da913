"""Parameters of ``music.back``."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Label, Params, RenamedFrom, Seed, WeightsId
from studio_music.schema.fields import SCORE_SUFFIXES, Audio, Genre, SoundfontChoice, SynthChoice


class Back(Params, frozen=True):
    """Chords, bass and drums under a melody, exactly as long as it is."""

    score: Annotated[
        str,
        File(SCORE_SUFFIXES),
        Label("Melody", "A score with the melody."),
        RenamedFrom("melody"),
    ] = ""
    genre: Annotated[Genre, Label("Backing")] = "folk"
    loop: Annotated[bool, Label("Loop", "The end leads back to the start, without an ending.")] = (
        False
    )
    seed: Seed = Seed.random()
    audio: Audio = True
    synth: SynthChoice = "auto"
    soundfont: SoundfontChoice = WeightsId()
