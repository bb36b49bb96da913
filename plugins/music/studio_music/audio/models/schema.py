"""Parameters of ``music.generate``."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    BadInput,
    Capability,
    File,
    Group,
    Label,
    Params,
    Range,
    Seed,
    ShownIf,
    Text,
    WeightsId,
)
from studio_music.audio.effects.schema import SOUND_SUFFIXES

_SAMPLING = Group("Sampling", advanced=True)


class Generate(Params, frozen=True):
    """What an audio model of the user is to make: music or any other sound, from words."""

    prompt: Annotated[
        str,
        Text(lines=2, placeholder="e.g. slow piano over soft rain", max_chars=2000),
        Label("Prompt", "What should be heard: instruments, mood, tempo, place."),
    ] = ""
    negative: Annotated[
        str,
        Text(max_chars=2000),
        Label("Negative prompt", "What should not be heard. Not for MusicGen."),
    ] = ""
    seconds: Annotated[
        float,
        Range(0.5, 300, 0.5, "s"),
        Label("Duration", "MusicGen continues in windows of 30 s; each of the others has a limit."),
    ] = 10
    count: Annotated[int, Range(1, 16), Label("Takes", "Each with a seed of its own.")] = 1
    use: Annotated[
        Literal["none", "continue", "melody"],
        Label(
            "Given sound",
            "MusicGen continues a sound; MusicGen Melody can follow its melody, too.",
            choices={"none": "None", "continue": "Continue it", "melody": "Follow its melody"},
        ),
    ] = "none"
    sound: Annotated[
        str,
        File(SOUND_SUFFIXES),
        Label("Sound", "A WAV, FLAC or Ogg file."),
        ShownIf("use", "continue", "melody"),
    ] = ""
    seed: Seed = Seed.random()
    weights: Annotated[WeightsId, Capability("text-to-audio"), Label("Model")] = WeightsId()
    guidance: Annotated[
        float,
        Range(0, 30, 0.5, lowest="Automatic"),
        Label("Guidance", "How closely the prompt is followed; 1: hardly at all."),
        _SAMPLING,
    ] = 0
    steps: Annotated[
        int,
        Range(0, 500, lowest="Automatic"),
        Label("Steps", "Of Stable Audio and AudioLDM: more take longer and sound cleaner."),
        _SAMPLING,
    ] = 0
    temperature: Annotated[
        float,
        Range(0.1, 3, 0.05),
        Label("Temperature", "Of MusicGen: higher is more varied, lower more predictable."),
        _SAMPLING,
    ] = 1.0
    top_k: Annotated[
        int,
        Range(0, 2048, lowest="All"),
        Label("Top-k", "Of MusicGen: how many of the likeliest sounds are drawn from."),
        _SAMPLING,
    ] = 250

    def check(self) -> None:
        """Check what no field can say alone.

        Raises:
            BadInput: There is nothing to go by, or a sound is wanted and not given.
        """
        if self.use != "none" and not self.sound:
            raise BadInput("There is no sound to work on.", "Choose a WAV, FLAC or Ogg file.")
        if not self.prompt.strip() and self.use == "none":
            raise BadInput("There is no prompt.", "Describe what should be heard.")
