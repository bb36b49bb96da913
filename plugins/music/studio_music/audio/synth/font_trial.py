"""A sound font is tried in a process of its own first: a damaged one ends that, and nothing else.

Run as ``python -m studio --closed studio_music.audio.synth.font_trial FONT``: no network.
"""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

_PATIENCE = 120.0
_DRUMS, _DRUM_BANK = 9, 128
_FRAMES = 256
_KEYS = range(12, 120, 12)


def holds(font: Path) -> bool:
    """Return whether all programs of a font could be played; it is asked once."""
    seen = font.stat()
    return _holds(font, seen.st_size, seen.st_mtime_ns)


@lru_cache(maxsize=8)
def _holds(font: Path, _size: int, _changed: int) -> bool:
    closed = (sys.executable, "-m", "studio", "--closed")
    words = [*closed, "studio_music.audio.synth.font_trial", str(font)]
    quiet = subprocess.DEVNULL
    try:
        tried = subprocess.run(words, check=False, stdout=quiet, stderr=quiet, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0


def play(font: Path) -> None:
    """Play a moment of every program, and of the drums, on keys from low to high."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=22_050)
    there = synth.sfload(font.read_bytes())
    for program in range(129):
        drums = program == 128
        channel, bank = (_DRUMS, _DRUM_BANK) if drums else (0, 0)
        try:
            synth.program_select(channel, there, bank, 0 if drums else program, drums)
        except RuntimeError:
            continue  # fonts need not have all
        for key in range(27, 88) if drums else _KEYS:
            synth.noteon(channel, key, 100)
            synth.generate(_FRAMES)
        synth.sounds_off()
        synth.generate(_FRAMES)


if __name__ == "__main__":
    play(Path(sys.argv[1]))
