"""What every player of sound fonts does alike: one note at a time, as the mixer wants its tones."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

import numpy as np

from studio_music.audio.synth import programs
from studio_music.audio.synth.builtin_synth import hertz_of
from studio_music.audio.synth.protocol import LAYERS, Voice, loudness_of
from studio_music.audio.synth.voices import Struck

BLOCK = 64  # samples that players compute at a time
_PIECE = 64 * BLOCK
_LONGEST_DRUM = 4.0


class FontSynth(ABC):
    """Tones of a sound font. It has no room of its own: the mixer has one for all.

    Attributes:
        name: For the record of what was rendered.
        rate: Samples a second.
    """

    name = ""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._one_at_a_time = threading.Lock()
        self._loaded: set[tuple[int, bool]] = set()

    def load(self, program: int, drums: bool) -> None:
        """Have the samples of a program at hand; the first time this takes a while."""
        with self._one_at_a_time:
            self._select(program, drums)
            self._loaded.add((program, drums))

    @property
    def is_free(self) -> bool:
        """Whether nothing is being loaded or made."""
        return not self._one_at_a_time.locked()

    def is_at_hand(self, program: int, drums: bool) -> bool:
        """Return whether a tone of a program can be made without a wait."""
        return self.is_free and (program, drums) in self._loaded

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return (2, at most frames) float32; see ``Synth``. Any thread may call it."""
        if (voice.program, voice.drums) not in self._loaded:
            self.load(voice.program, voice.drums)
        with self._one_at_a_time:
            return self._tone(voice, frames)

    def release(self, voice: Voice) -> float:
        """Return the seconds in which it fades once it is let go."""
        return programs.recipe(voice.program).release

    def ring(self, voice: Voice) -> float:
        """Return after how many seconds it has died away though held."""
        if voice.drums:
            return _LONGEST_DRUM
        recipe = programs.recipe(voice.program)
        return recipe.seconds(hertz_of(voice.pitch)) if isinstance(recipe, Struck) else np.inf

    @abstractmethod
    def _select(self, program: int, drums: bool) -> None:
        """Load a program; one that the font has not is its first."""

    @abstractmethod
    def _tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return the tone of a program that is loaded."""


class LocalFontSynth(FontSynth):
    """One that a library plays in this process, note by note."""

    def _tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return the tone; the note before it is for nothing.

        The first note after one of another program differs from all later ones in its last digits.
        """
        self._note_on(voice, 64)
        self._write(_PIECE)
        self._silence()
        velocity = round((voice.layer + 0.5) * 128 / LAYERS)
        self._note_on(voice, velocity)
        parts = [self._write(_PIECE)]
        while len(parts) * _PIECE < frames and self._sounds(parts[-1]):
            parts.append(self._write(_PIECE))
        self._silence()
        sound = np.concatenate(parts)[:frames].T
        # The font has turned it down by velocity already; the mixer will do so again.
        return np.ascontiguousarray(sound) / np.float32(loudness_of(velocity))

    @abstractmethod
    def _note_on(self, voice: Voice, velocity: int) -> None:
        """Begin a note."""

    @abstractmethod
    def _write(self, frames: int) -> np.ndarray:
        """Return the next (frames, 2) float32."""

    @abstractmethod
    def _sounds(self, last: np.ndarray) -> bool:
        """Return whether a note still sounds; ``last`` is the block written last."""

    @abstractmethod
    def _silence(self) -> None:
        """End all notes at once."""
