"""Parameters of ``music.compose``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, Group, Label, Params, Range, RenamedFrom, Seed, Text, WeightsId
from studio_music.schema.fields import (
    Audio,
    Genre,
    SamplingTemperature,
    SoundfontChoice,
    SynthChoice,
)

Mood = Literal[
    "any", "calm", "happy", "sad", "lively", "solemn", "tense", "dark", "mysterious", "heroic",
    "tender", "playful", "dreamy", "furious",
]  # fmt: skip
Arc = Literal["none", "rise", "fall", "arch", "battle", "relief", "waves"]
MetreName = Literal["4/4", "3/4", "2/4", "6/8", "2/2", "9/8", "12/8"]

_FORM = Group("Form")


class Compose(Params, frozen=True):
    """Parameters of a composition. The tune is by the tune weights; the backing by patterns."""

    prompt: Annotated[
        str,
        Text(lines=2, placeholder="e.g. 16 bars, calm, D minor", max_chars=2000),
        Label("Description", "In words; these take precedence over the fields."),
        RenamedFrom("ask"),
    ] = ""
    mood: Annotated[
        Mood, Label("Mood", "Sets tempo, register and mode where these are automatic.")
    ] = "any"
    key: Annotated[
        str,
        Text(placeholder="Automatic", max_chars=40),
        Label("Key", "For example “D minor” or “Bb major”; empty: chosen by mood."),
    ] = ""
    metre: Annotated[MetreName, Label("Metre")] = "4/4"
    tempo: Annotated[
        float,
        Range(0, 400, 1, "bpm", lowest="Automatic"),
        Label("Tempo", "Quarter notes per minute; 0: chosen by mood."),
    ] = 0
    bars: Annotated[int, Range(1, 128), Label("Bars")] = 16
    genre: Annotated[
        Literal["auto", Genre], Label("Backing", "Chords, bass and drums for the tune.")
    ] = "auto"
    form: Annotated[
        str,
        Text(placeholder="e.g. intro A B A outro", max_chars=200),
        Label(
            "Sections",
            "Intro, A, B, C, D, bridge, break, outro, each with its bars if you like.",
        ),
        _FORM,
    ] = ""
    arc: Annotated[
        Arc,
        Label("Tension", "How loudness, pace and dissonance run through the piece."),
        _FORM,
    ] = "none"
    curve: Annotated[
        str,
        Text(placeholder="e.g. 0.2 0.5 1 0.3", max_chars=600),
        Label("Tension curve", "Your own, as numbers from 0 to 1; takes precedence."),
        _FORM,
    ] = ""
    seconds: Annotated[
        float,
        Range(0, 600, 0.1, "s", lowest="By bars"),
        Label("Duration", "To the second: the tempo is fitted."),
        _FORM,
    ] = 0
    lift: Annotated[
        int,
        Range(0, 6, 1, "semitones", lowest="None"),
        Label("Key change", "Part of the piece lies so much higher."),
        _FORM,
    ] = 0
    lift_at: Annotated[
        str,
        Text(placeholder="e.g. bridge, B or 17", max_chars=20),
        Label("Changes key at", "A section or a bar; empty: at the bridge, or the last third."),
        _FORM,
    ] = ""
    loop: Annotated[
        bool, Label("Loop", "The end leads back to the start, without an ending."), _FORM
    ] = False
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("tunes"), Label("Model", "The model that composes the tune.")
    ] = WeightsId()
    temperature: SamplingTemperature = 0.95
    audio: Audio = True
    synth: SynthChoice = "auto"
    soundfont: SoundfontChoice = WeightsId()
