"""Parameters of ``music.compose``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, Label, Params, Range, Seed, Text, WeightsId
from studio_music.schema.fields import Audio, Genre, SamplingTemperature, SynthChoice

Mood = Literal["any", "calm", "happy", "sad", "lively", "solemn"]
MetreName = Literal["4/4", "3/4", "2/4", "6/8", "2/2", "9/8", "12/8"]


class Compose(Params, frozen=True):
    """What to write. The tune is by the tune weights; the backing by patterns."""

    ask: Annotated[
        str,
        Text(lines=2, placeholder="e.g. 16 bars, calm, D minor", max_chars=2000),
        Label("Description", "In words; these take precedence over the fields."),
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
    genre: Annotated[Genre, Label("Backing", "Chords, bass and drums for the tune.")] = "folk"
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("tunes"), Label("Model", "The model that composes the tune.")
    ] = WeightsId()
    temperature: SamplingTemperature = 0.95
    audio: Audio = True
    synth: SynthChoice = "auto"
