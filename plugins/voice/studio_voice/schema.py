"""Parameters of the tasks of this plugin. Plain data only."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from studio.api import Capability, File, Group, Label, Params, Range, Text, WeightsId

RECORDING_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")

_ADVANCED = Group("Recognition", advanced=True)


class Transcribe(Params, frozen=True):
    """What to write down, and how."""

    recording: Annotated[
        str,
        File(RECORDING_SUFFIXES),
        Label("Recording", "A WAV, FLAC, Ogg or MP3 file in which somebody speaks."),
    ]
    language: Annotated[
        str,
        Text(max_chars=12, placeholder="auto"),
        Label("Language", "What is spoken, such as en, de or fr; auto: it is recognised."),
    ] = "auto"
    output: Annotated[
        Literal["original", "english"],
        Label("Text", "As it is spoken, or translated to English."),
    ] = "original"
    words: Annotated[
        str,
        Text(lines=2, max_chars=600),
        Label("Names and terms", "Words that may come, so that they are spelled like this."),
        _ADVANCED,
    ] = ""
    silence: Annotated[
        float,
        Range(10, 95, 5, "%"),
        Label("Speech threshold", "How sure it must be that somebody speaks. Higher skips more."),
        _ADVANCED,
    ] = 50
    weights: Annotated[
        WeightsId, Capability("speech-to-text"), Label("Model", "The model that writes it down.")
    ] = WeightsId()
