"""TinySoundFont as a synthesiser, where FluidSynth is not installed: a package of its own (MIT).

It reads fonts in C with few checks: only the process that computes opens one, never the window, and
only after a process of its own has played all of it (the window has it played by
``font_process``).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from studio.api import ErrorCode, StudioError, read_regular
from studio_music.audio.synth import font_trial
from studio_music.audio.synth.font_synth import BLOCK, LocalFontSynth
from studio_music.audio.synth.protocol import Voice

MAX_BYTES = 512 * 2**20
"""It unpacks all samples at once: a packed font of 14 MiB takes 300 MiB of memory."""

_TUNE, _DRUMS = 0, 9  # channels
_DRUM_BANK = 128
_SILENT = 1e-6
_QUIET_BLOCKS = 64


def is_there() -> bool:
    """Return whether the package is installed."""
    return find_spec("tinysoundfont") is not None


class TinySoundFont(LocalFontSynth):
    """Tones of a sound font, all of whose samples are in memory."""

    def __init__(self, font: Path, rate: int) -> None:
        """Read a font, which takes a second or two.

        Raises:
            StudioError: It cannot be read, or is too large.
        """
        import tinysoundfont

        super().__init__(rate)
        self.name = f"TinySoundFont with {font.name}"
        self._synth = tinysoundfont.Synth(samplerate=rate)
        try:
            if font.stat().st_size > MAX_BYTES:
                raise _unreadable(font, f"it is larger than {MAX_BYTES >> 20} MiB")
            if not font_trial.holds(font):
                raise _unreadable(font, "it is damaged")
            self._font = self._synth.sfload(read_regular(font, MAX_BYTES))
        except (OSError, RuntimeError) as error:
            raise _unreadable(font, str(error).rstrip(".")) from error

    def _select(self, program: int, drums: bool) -> None:
        channel, bank = (_DRUMS, _DRUM_BANK) if drums else (_TUNE, 0)
        try:
            self._synth.program_select(channel, self._font, bank, program, drums)
        except RuntimeError:  # a font with fewer programs
            self._synth.program_select(channel, self._font, bank, 0, drums)

    def _note_on(self, voice: Voice, velocity: int) -> None:
        self._select(voice.program, voice.drums)
        self._synth.noteon(_DRUMS if voice.drums else _TUNE, voice.pitch, velocity)

    def _write(self, frames: int) -> np.ndarray:
        return np.frombuffer(self._synth.generate(frames), np.float32).reshape(-1, 2).copy()

    def _sounds(self, last: np.ndarray) -> bool:
        return float(np.abs(last).max()) > _SILENT

    def _silence(self) -> None:
        self._synth.sounds_off()
        self._write(_QUIET_BLOCKS * BLOCK)


def _unreadable(font: Path, reason: str) -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"{font.name} cannot be played: {reason}.",
        "Choose the built-in synthesizer, or another SoundFont.",
    )
