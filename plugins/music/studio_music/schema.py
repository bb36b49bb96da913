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
    RenamedFrom,
    Seed,
    Temperature,
    Text,
    WeightsId,
)

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


Mood = Literal[
    "any", "calm", "happy", "sad", "lively", "solemn", "tense", "dark", "mysterious", "heroic",
    "tender", "playful", "dreamy", "furious",
]  # fmt: skip
Arc = Literal["none", "rise", "fall", "arch", "battle", "relief", "waves"]
MetreName = Literal["4/4", "3/4", "2/4", "6/8", "2/2", "9/8", "12/8", "5/4", "7/8"]

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


class Develop(Params, frozen=True):
    """Bars of a melody written anew by the model, in the course of what stands around them."""

    score: Annotated[
        str, File(SCORE_SUFFIXES), Label("Melody", "A score; its melody is developed.")
    ] = ""
    how: Annotated[
        Literal["continue", "vary", "fill"],
        Label("Development", "Continue after these bars, vary them, or rewrite them."),
    ] = "continue"
    first: Annotated[
        int, Range(0, 9999, lowest="Of the piece"), Label("First bar", "Counted from 1.")
    ] = 0
    last: Annotated[
        int, Range(0, 9999, lowest="Of the piece"), Label("Last bar", "Counted from 1.")
    ] = 0
    bars: Annotated[int, Range(1, 32), Label("New bars", "How many to write when continuing.")] = 4
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("tunes"), Label("Model", "The model that composes the tune.")
    ] = WeightsId()
    temperature: SamplingTemperature = 0.95


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


class Open(Params, frozen=True):
    """A file to read."""

    file: Annotated[str, File(SCORE_SUFFIXES), Label("File", "MIDI, MusicXML or ABC.")]


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


class Compare(Params, frozen=True):
    """Nothing: the two scores are handed in."""
