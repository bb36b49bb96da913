"""Parameters of ``music.render``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import File, Label, Params, WeightsId
from studio_music.schema.fields import SCORE_SUFFIXES, SOUND, SoundfontChoice, Synth


class Render(Params, frozen=True):
    """Sound from a score."""

    score: Annotated[str, File(SCORE_SUFFIXES), Label("Score", "The score to render.")] = ""
    synth: Annotated[Synth, Label("Instrument", "The instrument that plays the tune.")] = "auto"
    soundfont: SoundfontChoice = WeightsId()
    format: Annotated[Literal["wav", "flac"], Label("Format")] = "wav"
    sample_rate: Annotated[Literal["44100", "48000"], Label("Sample rate", "In hertz."), SOUND] = (
        "44100"
    )
    loop: Annotated[
        bool,
        Label("Loop", "The reverb tail is mixed into the start, so that it repeats seamlessly."),
        SOUND,
    ] = False
