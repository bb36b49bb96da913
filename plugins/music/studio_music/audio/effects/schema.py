"""Parameters of making and editing sounds: one declaration for form, flags and record."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from studio.api import (
    BadInput,
    Capability,
    File,
    Group,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    ShownIf,
    Text,
    WeightsId,
)

SoundName = Literal[
    "coin", "jump", "laser", "explosion", "hit", "power_up", "power_down", "game_over", "victory",
    "teleport", "magic", "shield", "blip", "click", "switch", "notification", "error", "typing",
    "camera", "alarm", "siren", "telephone", "clock", "footstep", "footsteps", "door", "creak",
    "knock", "glass", "clang", "bell", "rock", "pop", "gunshot", "drum", "zip", "drip", "bubble",
    "splash", "thunder", "whoosh", "arrow", "whip", "bird", "dog", "cat", "frog", "growl",
    "engine_start", "car_horn", "train_whistle", "drill", "spark", "radio", "robot_voice", "ghost",
    "heartbeat", "cash_register", "rain", "wind", "fire", "sea", "stream", "crowd", "applause",
    "engine", "birds", "crickets", "machine_hum", "spaceship", "train_ride",
]  # fmt: skip
"""Ids of the families, as in ``catalogue``; a test holds them alike."""

SOUNDS: tuple[str, ...] = get_args(SoundName)
SOUND_SUFFIXES = (".wav", ".flac", ".ogg")
"""Endings of the files that are read as sounds."""

PEAK_LEVEL = -60.0
"""The loudness that stands for “the peak at −1 dB”."""

_TITLES = {name: name.replace("_", " ").capitalize() for name in SOUNDS}
_SHAPE = Group("Character")
_EVEN = Group("Dynamics")
_FILE = Group("File", advanced=True)
_TRIM = Group("Trim")
_LOOP = Group("Loop")
_READING = Group("Description", advanced=True)


class Effect(Params, frozen=True):
    """Parameters of a new effect: in words, or chosen from the list; the words take precedence."""

    prompt: Annotated[
        str,
        Text(placeholder="e.g. a big explosion far away", max_chars=500),
        Label("Description", "In words; what they name takes precedence over the fields."),
        RenamedFrom("describe"),
    ] = ""
    sound: Annotated[
        Literal["auto", SoundName],
        Label("Sound", "What it is.", choices={"auto": "As described", **_TITLES}),
    ] = "auto"
    into: Annotated[
        Literal["none", SoundName],
        Label("Morph into", "A second sound to mix in, form and all.", choices=_TITLES),
    ] = "none"
    morph: Annotated[
        float,
        Range(0, 100, 5, "%"),
        Label("Morph", "How far: 0 is the first sound, 100 the second."),
        ShownIf("into", *SOUNDS),
    ] = 50
    count: Annotated[
        int, Range(1, 100), Label("Variations", "How many to make, each from the next seed.")
    ] = 1
    seed: Seed = Seed.random()
    seconds: Annotated[
        float,
        Range(0, 60, 0.1, "s", lowest="Automatic"),
        Label("Length", "In seconds; 0: what is usual for the sound."),
    ] = 0
    pitch: Annotated[
        float, Range(-24, 24, 1, "st"), Label("Pitch", "Semitones higher or lower."), _SHAPE
    ] = 0
    brightness: Annotated[
        float, Range(-100, 100, 5, "%"), Label("Brightness", "Duller or brighter."), _SHAPE
    ] = 0
    roughness: Annotated[
        float, Range(0, 100, 5, "%"), Label("Roughness", "How much it is distorted."), _SHAPE
    ] = 0
    space: Annotated[
        float, Range(0, 100, 5, "%"), Label("Reverb", "From none over a room to a cave."), _SHAPE
    ] = 0
    variety: Annotated[
        float, Range(0, 100, 5, "%"), Label("Variety", "How much variations differ."), _SHAPE
    ] = 50
    shape: Annotated[
        dict[str, float],
        Label("Settings of the sound", "Its own settings by name, such as {“interval”: 7}."),
    ] = {}
    loudness: Annotated[
        float,
        Range(PEAK_LEVEL, -6, 1, "LUFS", lowest="Peak at −1 dB"),
        Label("Loudness", "By ITU-R BS.1770; −60: the peak is at −1 dB instead."),
        _FILE,
    ] = PEAK_LEVEL
    format: Annotated[Literal["wav", "flac"], Label("Format"), _FILE] = "wav"
    reader: Annotated[
        Literal["auto", "keywords", "model"],
        Label(
            "Read by",
            "Automatic asks the language model only if no word names a sound.",
            choices={"auto": "Automatic", "keywords": "Keywords", "model": "Language model"},
        ),
        _READING,
    ] = "keywords"
    weights: Annotated[
        WeightsId | None,
        Capability("text"),
        Label("Model", "The language model that reads descriptions."),
        _READING,
    ] = WeightsId()

    def check(self) -> None:
        """Check what no field can say alone.

        Raises:
            BadInput: Nothing says what to make, or a setting of the sound is no number.
        """
        if not self.prompt.strip() and self.sound == "auto":
            raise BadInput(
                "Nothing says which sound to make.", "Describe it, or choose one from the list."
            )
        for name, value in self.shape.items():
            if not _is_number(value):
                raise BadInput(f"“{name}” must be a number; you entered {value}.")


class EditSound(Params, frozen=True):
    """Edits of a sound; each field by default leaves it unchanged."""

    sound: Annotated[str, File(SOUND_SUFFIXES), Label("Sound", "A WAV, FLAC or Ogg file.")]
    start: Annotated[
        float, Range(0, 3600, 0.01, "s"), Label("Start", "What comes before is cut off."), _TRIM
    ] = 0
    end: Annotated[
        float,
        Range(0, 3600, 0.01, "s", lowest="End of the sound"),
        Label("End", "What comes after is cut off."),
        _TRIM,
    ] = 0
    fade_in: Annotated[float, Range(0, 60, 0.05, "s"), Label("Fade in"), _TRIM] = 0
    fade_out: Annotated[float, Range(0, 60, 0.05, "s"), Label("Fade out"), _TRIM] = 0
    pitch: Annotated[
        float,
        Range(-24, 24, 1, "st"),
        Label("Pitch", "In semitones, as a tape does it: higher is also shorter."),
        _SHAPE,
    ] = 0
    space: Annotated[
        float, Range(0, 100, 5, "%"), Label("Reverb", "From none over a room to a cave."), _SHAPE
    ] = 0
    compress: Annotated[
        bool, Label("Compressor", "Turns down what is loud, so that the rest can be louder."), _EVEN
    ] = False
    threshold: Annotated[
        float,
        Range(-60, 0, 1, "dB"),
        Label("Threshold", "What is louder is turned down."),
        _EVEN,
        ShownIf("compress", True),
    ] = -18
    ratio: Annotated[
        float,
        Range(1, 20, 0.5),
        Label("Ratio", "4: of four decibels above the threshold one is left."),
        _EVEN,
        ShownIf("compress", True),
    ] = 4
    attack: Annotated[
        float,
        Range(0.1, 200, 1, "ms"),
        Label("Attack", "How quickly it turns down."),
        _EVEN,
        ShownIf("compress", True),
    ] = 10
    release: Annotated[
        float,
        Range(10, 2000, 10, "ms"),
        Label("Release", "How slowly it lets go."),
        _EVEN,
        ShownIf("compress", True),
    ] = 150
    makeup: Annotated[
        float,
        Range(0, 24, 0.5, "dB"),
        Label("Make-up gain", "By how much all is louder afterwards."),
        _EVEN,
        ShownIf("compress", True),
    ] = 0
    loudness: Annotated[
        float,
        Range(PEAK_LEVEL, -6, 1, "LUFS", lowest="As it is"),
        Label("Loudness", "By ITU-R BS.1770; −60: as it is."),
        _SHAPE,
    ] = PEAK_LEVEL
    loop: Annotated[
        bool, Label("Loop", "Write loop points, which samplers and game engines read."), _LOOP
    ] = False
    loop_start: Annotated[
        float,
        Range(0, 3600, 0.01, "s"),
        Label("Loop start", "Counted from the new start."),
        _LOOP,
        ShownIf("loop", True),
    ] = 0
    loop_end: Annotated[
        float,
        Range(0, 3600, 0.01, "s", lowest="End of the sound"),
        Label("Loop end", "Counted from the new start."),
        _LOOP,
        ShownIf("loop", True),
    ] = 0
    crossfade: Annotated[
        float,
        Range(0, 10, 0.01, "s"),
        Label("Crossfade", "How long the end of the loop turns into what leads to its start."),
        _LOOP,
        ShownIf("loop", True),
    ] = 0.05

    def check(self) -> None:
        """Check what no field can say alone.

        Raises:
            BadInput: An end lies before its start.
        """
        for start, end, what in (
            (self.start, self.end, "sound"),
            (self.loop_start, self.loop_end, "loop"),
        ):
            if end and end <= start:
                raise BadInput(
                    f"The {what} would end at {end:g} s, before it starts at {start:g} s.",
                    "Move its end behind its start.",
                )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e9
