"""Parameters of ``music.layers``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Label, Params, RenamedFrom, Seed, WeightsId
from studio_music.schema.fields import SCORE_SUFFIXES, SoundfontChoice, SynthChoice


class Layers(Params, frozen=True):
    """Sounds of one piece that a game mixes: three strengths, or a sound for each track."""

    score: Annotated[
        str,
        File(SCORE_SUFFIXES),
        Label("Score", "A piece; its melody and chords are kept."),
        RenamedFrom("melody"),
    ] = ""
    parts: Annotated[
        Literal["layers", "stems"],
        Label(
            "Parts",
            "Layers share tempo, key and chords and join at any bar; stems add up to the piece.",
            choices={"layers": "Calm, alert, battle", "stems": "A stem for each track"},
        ),
    ] = "layers"
    format: Annotated[Literal["wav", "ogg", "flac"], Label("Format")] = "wav"
    seed: Seed = Seed.random()
    synth: SynthChoice = "auto"
    soundfont: SoundfontChoice = WeightsId()
