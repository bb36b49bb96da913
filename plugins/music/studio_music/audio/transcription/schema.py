"""Parameters of the transcription task. Plain data only."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from studio.api import Capability, File, Group, Label, Params, Range, WeightsId
from studio_music.audio.effects.schema import SOUND_SUFFIXES

LONGEST: Final = 30 * 60
"""Seconds of a recording that is written down."""

_HEARING = Group("Hearing", advanced=True)


class Transcribe(Params, frozen=True):
    """The sound to transcribe, and the options."""

    sound: Annotated[
        str, File(SOUND_SUFFIXES), Label("Recording", "A WAV, FLAC or Ogg file: sung or played.")
    ]
    lines: Annotated[
        Literal["auto", "melody", "all"],
        Label("Notes", "A melody has one note at a time; automatic: as the recording sounds."),
    ] = "auto"
    tempo: Annotated[
        float,
        Range(0, 300, 1, "bpm", lowest="Automatic"),
        Label("Tempo", "Quarter notes per minute, where you know it."),
    ] = 0
    metre: Annotated[
        Literal["auto", "4/4", "3/4", "2/4", "6/8"],
        Label("Metre", "Automatic: 4/4, 3/4 or 6/8, whichever fits; 2/4 is written as 4/4."),
    ] = "auto"
    sensitivity: Annotated[
        float,
        Range(0, 100, 5, "%"),
        Label("Sensitivity", "Higher hears softer notes, and more that are none."),
        _HEARING,
    ] = 50
    shortest: Annotated[
        float,
        Range(30, 500, 5, "ms"),
        Label("Shortest note", "What is shorter is left out."),
        _HEARING,
    ] = 60
    weights: Annotated[
        WeightsId, Capability("transcription"), Label("Model", "The model that hears the notes.")
    ] = WeightsId()
