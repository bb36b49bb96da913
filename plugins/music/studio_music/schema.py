"""Parameters of the music tasks: one declaration for the panel, the flags and the record.

Plain data only. A page hands in the score that it has open beside them: the input ``piece``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    Capability,
    File,
    Group,
    Label,
    Params,
    Range,
    Seed,
    Temperature,
    Text,
    WeightsId,
)

SCORE_SUFFIXES = (".mid", ".midi", ".musicxml", ".mxl", ".xml", ".abc")
"""Endings of the files that are read as scores."""

Genre = Literal[
    "none", "folk", "pop", "rock", "jazz", "bossa", "waltz", "march", "ballad", "electronic", "funk"
]
Mood = Literal["any", "calm", "happy", "sad", "lively", "solemn"]
MetreName = Literal["4/4", "3/4", "2/4", "6/8", "2/2", "9/8", "12/8"]
Synth = Literal["auto", "studio", "soundfont"]

_ADVANCED = Group("Sampling", advanced=True)
_SOUND = Group("Audio", advanced=True)

_Temperature = Annotated[
    Temperature,
    Range(0.1, 2, 0.05),
    Label("Temperature", "Higher is less predictable."),
    _ADVANCED,
]
_Audio = Annotated[bool, Label("Audio", "Also render it as a WAV file."), _SOUND]
_Synth = Annotated[Synth, Label("Synthesizer", "The built-in synthesizer, or a SoundFont."), _SOUND]


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
    temperature: _Temperature = 0.95
    audio: _Audio = True
    synth: _Synth = "auto"


class Harmonise(Params, frozen=True):
    """Four voices around a given melody."""

    melody: Annotated[
        str,
        File(SCORE_SUFFIXES),
        Label("Melody", "A score; its highest line is used as the melody."),
    ] = ""
    voice: Annotated[Literal["soprano", "alto", "tenor", "bass"], Label("Given voice")] = "soprano"
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("chorales"), Label("Model", "The model that writes the voices.")
    ] = WeightsId()
    temperature: _Temperature = 0.7
    passes: Annotated[
        int, Range(1, 64), Label("Passes", "How many times the voices are revised."), _ADVANCED
    ] = 8
    audio: _Audio = True
    synth: _Synth = "auto"


class Back(Params, frozen=True):
    """Chords, bass and drums under a melody, exactly as long as it is."""

    melody: Annotated[str, File(SCORE_SUFFIXES), Label("Melody", "A score with the melody.")] = ""
    genre: Annotated[Genre, Label("Backing")] = "folk"
    loop: Annotated[bool, Label("Loop", "The end leads back to the start, without an ending.")] = (
        False
    )
    seed: Seed = Seed.random()
    audio: _Audio = True
    synth: _Synth = "auto"


class Render(Params, frozen=True):
    """Sound from a score."""

    score: Annotated[str, File(SCORE_SUFFIXES), Label("Score", "The score to render.")] = ""
    synth: Annotated[Synth, Label("Instrument", "The instrument that plays the tune.")] = "auto"
    format: Annotated[Literal["wav", "flac"], Label("Format")] = "wav"
    sample_rate: Annotated[Literal["44100", "48000"], Label("Sample rate", "In hertz."), _SOUND] = (
        "44100"
    )
    loop: Annotated[
        bool,
        Label("Loop", "The reverb tail is mixed into the start, so that it repeats seamlessly."),
        _SOUND,
    ] = False


class Engrave(Params, frozen=True):
    """Pictures of a score, system by system."""

    score: Annotated[str, File(SCORE_SUFFIXES), Label("Score", "What to engrave.")] = ""
    first_bar: Annotated[int, Range(0, 100_000), Label("First bar", "Counted from 0.")] = 0
    width_px: Annotated[int, Range(200, 8000, 1, "px"), Label("Width")] = 960
    scale: Annotated[
        float, Range(10, 200, 1, "%"), Label("Size", "At 40, a staff is 29 px high.")
    ] = 40
    colour: Annotated[
        str, Text(max_chars=20), Label("Colour", "Colour of all lines and notes, as in SVG.")
    ] = "#000000"


class Open(Params, frozen=True):
    """A file to read."""

    file: Annotated[str, File(SCORE_SUFFIXES), Label("File", "MIDI, MusicXML or ABC.")]


class Compare(Params, frozen=True):
    """Nothing: the two scores are handed in."""
