"""Shared fields of the music tasks: score files, genres, sampling and sound."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, Group, Label, Range, Temperature, WeightsId

SCORE_SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc")
"""Endings of the files that are read as scores."""

Genre = Literal[
    "none", "folk", "pop", "rock", "jazz", "bossa", "waltz", "march", "ballad", "electronic",
    "funk", "blues", "reggae", "ambient", "orchestral", "battle", "suspense", "chiptune",
    "tango", "gospel",
]  # fmt: skip
Synth = Literal["auto", "studio", "soundfont"]

SAMPLING = Group("Sampling", advanced=True)
SOUND = Group("Audio", advanced=True)

SamplingTemperature = Annotated[
    Temperature,
    Range(0.1, 2, 0.05),
    Label("Temperature", "Higher is less predictable."),
    SAMPLING,
]
Audio = Annotated[bool, Label("Audio", "Also render it as a WAV file."), SOUND]
SoundfontChoice = Annotated[
    WeightsId | None,
    Capability("soundfont"),
    Label("SoundFont", "The instruments that play. Add .sf2 and .sf3 files on the Models page."),
    SOUND,
]
SynthChoice = Annotated[
    Synth, Label("Synthesizer", "The built-in synthesizer, or a SoundFont."), SOUND
]
