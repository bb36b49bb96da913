"""A sound font that another process plays: one that is damaged ends that, and never the window.

Run as ``python -m studio --closed studio_music.audio.synth.font_process FONT RATE``: it has no
network. A request is a line of JSON; its answer is a number of frames and as many pairs of float32.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np

from studio.api import ErrorCode, StudioError
from studio_music.audio.synth.font_synth import FontSynth
from studio_music.audio.synth.protocol import Voice

_HEAD = struct.Struct("<q")
_PAIR = 8


class FontProcess(FontSynth):
    """Tones of ``TinySoundFont``, made beside the process of the window."""

    def __init__(self, font: Path, rate: int) -> None:
        super().__init__(rate)
        self.name = f"TinySoundFont with {font.name}"
        self._font = font.name
        words = [sys.executable, "-m", "studio", "--closed", __name__, str(font), str(rate)]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=quiet)
        weakref.finalize(self, _end, self.process)

    def _select(self, program: int, drums: bool) -> None:
        self._asked(Voice(program, drums, 60, 0), 0)

    def _tone(self, voice: Voice, frames: int) -> np.ndarray:
        return self._asked(voice, frames)

    def _asked(self, voice: Voice, frames: int) -> np.ndarray:
        """Return (2, frames or fewer).

        Raises:
            StudioError: The process has ended.
        """
        asks, answers = self.process.stdin, self.process.stdout
        assert asks is not None
        assert answers is not None
        try:
            asks.write(json.dumps([*voice, frames]).encode() + b"\n")
            asks.flush()
            (count,) = _HEAD.unpack(answers.read(_HEAD.size))
            data = answers.read(count * _PAIR)
            return np.ascontiguousarray(np.frombuffer(data, "<f4").reshape(count, 2).T)
        except (OSError, ValueError, struct.error) as error:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{self._font} cannot be played: it is damaged.",
                "Choose the built-in synthesizer, or another SoundFont.",
            ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def serve(font: Path, rate: int) -> None:
    """Answer requests until there are no more."""
    from studio_music.audio.synth.tiny_soundfont import TinySoundFont

    synth = TinySoundFont(font, rate)
    for line in sys.stdin.buffer:
        program, drums, pitch, layer, frames = json.loads(line)
        voice = Voice(program, drums, pitch, layer)
        synth.load(program, drums)
        tone = synth.tone(voice, frames) if frames else np.zeros((2, 0), np.float32)
        sys.stdout.buffer.write(_HEAD.pack(tone.shape[1]))
        sys.stdout.buffer.write(np.ascontiguousarray(tone.T, "<f4").tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
