"""A sound font that may still be loading: until a program is there, the studio's own plays it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from studio_music.sound.synth.builtin_synth import BuiltinSynth
from studio_music.sound.synth.fluidsynth import FluidSynth
from studio_music.sound.synth.protocol import Voice


class SoundfontLoader:
    """A synthesiser that never lets a player wait for samples to be unpacked."""

    def __init__(self, font: FluidSynth) -> None:
        self._font, self._own = font, BuiltinSynth(font.rate)
        self.name, self.rate = font.name, font.rate
        self._stood_in = False

    def warm(self, programs: Iterable[tuple[int, bool]]) -> threading.Thread:
        """Load programs in a thread, which is returned."""
        missing = [pair for pair in programs if not self._font.is_at_hand(*pair)]
        thread = threading.Thread(target=self._load_all, args=(missing,), daemon=True)
        thread.start()
        return thread

    def took_over(self) -> bool:
        """Return, once, whether the font can now play what the studio's own had to."""
        if self._stood_in and self._font.is_free:
            self._stood_in = False
            return True
        return False

    def load(self, program: int, drums: bool) -> None:
        """Load a program, and wait for it."""
        self._font.load(program, drums)

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return the tone of the font if that needs no wait, else the studio's own."""
        if self._font.is_at_hand(voice.program, voice.drums):
            return self._font.tone(voice, frames)
        self._stood_in = True
        return self._own.tone(voice, frames)

    def release(self, voice: Voice) -> float:
        """Return the seconds in which it fades once it is let go."""
        return self._font.release(voice)

    def ring(self, voice: Voice) -> float:
        """Return after how many seconds it has died away though held."""
        return self._font.ring(voice)

    def _load_all(self, programs: list[tuple[int, bool]]) -> None:
        for program, drums in programs:
            self._font.load(program, drums)
