"""FluidSynth as a synthesiser of single notes, with a sound font of this machine.

The library (LGPL) and the font are the system's; nothing of them comes with the studio.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import ErrorCode, StudioError
from studio_music.audio.synth.font_synth import BLOCK, LocalFontSynth
from studio_music.audio.synth.protocol import Voice

_LIBRARIES = {
    "linux": ("libfluidsynth.so.3", "libfluidsynth.so.2"),
    "darwin": (
        "libfluidsynth.3.dylib", "/opt/homebrew/lib/libfluidsynth.3.dylib",
        "/usr/local/lib/libfluidsynth.3.dylib",
    ),
    "win32": ("libfluidsynth-3.dll", "libfluidsynth.dll"),
}  # fmt: skip
_DRUM_CHANNEL, _DRUM_BANK = 128, 128
_CHANNELS = 144  # one for each program, so that none is unloaded for another; a multiple of 16
_GAIN = 0.8

_pointer, _int = ctypes.c_void_p, ctypes.c_int
_SIGNATURES: dict[str, tuple[Any, ...]] = {  # result, arguments
    "new_fluid_settings": (_pointer,),
    "delete_fluid_settings": (None, _pointer),
    "fluid_settings_setint": (_int, _pointer, ctypes.c_char_p, _int),
    "fluid_settings_setnum": (_int, _pointer, ctypes.c_char_p, ctypes.c_double),
    "fluid_set_log_function": (_pointer, _int, _pointer, _pointer),
    "new_fluid_synth": (_pointer, _pointer),
    "delete_fluid_synth": (None, _pointer),
    "fluid_synth_sfload": (_int, _pointer, ctypes.c_char_p, _int),
    "fluid_synth_program_select": (_int, _pointer, _int, _int, _int, _int),
    "fluid_synth_noteon": (_int, _pointer, _int, _int, _int),
    "fluid_synth_all_sounds_off": (_int, _pointer, _int),
    "fluid_synth_get_active_voice_count": (_int, _pointer),
    "fluid_synth_write_float": (
        _int, _pointer, _int, _pointer, _int, _int, _pointer, _int, _int,
    ),
}  # fmt: skip
_LOG_LEVELS = 5


@cache
def library() -> ctypes.CDLL | None:
    """Return FluidSynth, or None where it is not installed."""
    _load_libsndfile()
    for name in _LIBRARIES.get(sys.platform, ()):
        try:
            loaded = ctypes.CDLL(name)
        except OSError:
            continue
        for function, (result, *arguments) in _SIGNATURES.items():
            getattr(loaded, function).restype = result
            getattr(loaded, function).argtypes = arguments
        for level in range(_LOG_LEVELS):  # it would write to our standard error
            loaded.fluid_set_log_function(level, None, None)
        return loaded
    return None


def _load_libsndfile() -> None:
    """Have the libsndfile that came with us in memory before FluidSynth looks for one.

    FluidSynth unpacks .sf3 with it. The linker hands out the first of that name in the process: it
    was ours after a FLAC file or an import of transformers, else the system's, and the last digits
    of the sound went with it.
    """
    with suppress(ImportError, OSError):  # FluidSynth takes that of the system then
        import soundfile  # noqa: F401 - to be loaded, not called


class FluidSynth(LocalFontSynth):
    """Tones of a sound font, of which programs are loaded one by one."""

    def __init__(self, font: Path, rate: int) -> None:
        loaded = library()
        if loaded is None:
            raise StudioError(ErrorCode.UNSUPPORTED, "FluidSynth is not installed.")
        super().__init__(rate)
        self._lib = loaded
        self.name = f"FluidSynth with {font.name}"
        self._settings = loaded.new_fluid_settings()
        for key in (b"synth.reverb.active", b"synth.chorus.active", b"synth.threadsafe-api"):
            loaded.fluid_settings_setint(self._settings, key, 0)
        loaded.fluid_settings_setint(self._settings, b"synth.dynamic-sample-loading", 1)
        loaded.fluid_settings_setint(self._settings, b"synth.midi-channels", _CHANNELS)
        loaded.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(rate))
        loaded.fluid_settings_setnum(self._settings, b"synth.gain", _GAIN)
        self._synth = loaded.new_fluid_synth(self._settings)
        weakref.finalize(self, _delete, loaded, self._synth, self._settings)
        self._font = loaded.fluid_synth_sfload(self._synth, str(font).encode(), 0)
        if self._font < 0:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"FluidSynth cannot read {font.name}.",
                "Choose the built-in synthesizer, or another SoundFont.",
            )

    def _select(self, program: int, drums: bool) -> None:
        channel, bank = _place(program, drums)
        select = self._lib.fluid_synth_program_select
        if select(self._synth, channel, self._font, bank, program) < 0:
            select(self._synth, channel, self._font, bank, 0)  # a font with fewer programs

    def _note_on(self, voice: Voice, velocity: int) -> None:
        channel, _ = _place(voice.program, voice.drums)
        self._lib.fluid_synth_noteon(self._synth, channel, voice.pitch, velocity)

    def _sounds(self, last: np.ndarray) -> bool:
        return bool(self._lib.fluid_synth_get_active_voice_count(self._synth))

    def _silence(self) -> None:
        self._lib.fluid_synth_all_sounds_off(self._synth, -1)
        self._write(4 * BLOCK)

    def _write(self, frames: int) -> np.ndarray:
        sound = np.empty((frames, 2), np.float32)
        place = sound.ctypes.data
        self._lib.fluid_synth_write_float(self._synth, frames, place, 0, 2, place, 1, 2)
        return sound


def _place(program: int, drums: bool) -> tuple[int, int]:
    """Return channel and bank of a program."""
    return (_DRUM_CHANNEL, _DRUM_BANK) if drums else (program, 0)


def _delete(loaded: ctypes.CDLL, synth: int, settings: int) -> None:
    loaded.delete_fluid_synth(synth)
    loaded.delete_fluid_settings(settings)
