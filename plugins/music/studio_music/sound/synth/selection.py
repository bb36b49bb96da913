"""Which synthesiser plays: a sound font where there is one, else the studio's own."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from studio.api import BadInput, StudioError
from studio_music.sound.synth import fluidsynth, soundfonts
from studio_music.sound.synth.builtin_synth import BuiltinSynth
from studio_music.sound.synth.protocol import Synth

log = logging.getLogger(__name__)


def open_synth(name: str, rate: int) -> Synth:
    """Return the synthesiser called "studio", "soundfont" or "auto", for ``rate`` samples a second.

    Its ``name`` says what was taken. "auto" is a sound font where one can be played, else the
    studio's own.

    Raises:
        StudioError: A sound font was asked for and cannot be played; says why.
    """
    if name == "studio":
        return BuiltinSynth(rate)
    found = _font()
    if isinstance(found, Path):
        try:
            return _with_font(found, rate)
        except StudioError as error:
            if name != "auto":
                raise
            log.warning("The studio's own instrument plays: %s", error.message)
    elif name != "auto":
        raise BadInput(found, "Choose the built-in synthesizer.")
    return BuiltinSynth(rate)


def why_no_soundfont() -> str:
    """Return why no sound font can be played here, in a sentence; empty if one can."""
    found = _font()
    return found if isinstance(found, str) else ""


def _font() -> Path | str:
    """Return the sound font to play with, or why there is none."""
    if fluidsynth.library() is None:
        return "FluidSynth is not installed (on Debian: libfluidsynth3)."
    try:
        font = soundfonts.chosen()
    except BadInput as error:
        return error.message
    return font or "No SoundFont is installed (on Debian: musescore-general-soundfont-small)."


@lru_cache(maxsize=2)
def _with_font(font: Path, rate: int) -> fluidsynth.FluidSynth:
    """Keep it open: to unpack the samples of a piano takes a second or two."""
    return fluidsynth.FluidSynth(font, rate)
