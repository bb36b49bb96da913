"""Interface between synthesisers and the mixer: the samples of one held tone, cached."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple, Protocol

import numpy as np

LAYERS = 16
"""Loudnesses of a tone that sound different, not only louder."""

KEPT_BYTES = 160 * 2**20
_CLASSES = tuple(0.25 * 1.4**power for power in range(14))  # seconds: 0.25 … 20
LONGEST = _CLASSES[-1]


class Voice(NamedTuple):
    """What sounds: a pitch of a program, or a drum; ``layer`` 0 (softest) … LAYERS - 1."""

    program: int
    drums: bool
    pitch: int
    layer: int


def loudness_of(velocity: float) -> float:
    """Return the factor that the mixer turns a note of a velocity down by."""
    factor: float = (velocity / 127) ** 1.7
    return factor


class Synth(Protocol):
    """Something that can play a note.

    Attributes:
        name: For the record of what was rendered.
        rate: Samples a second.
    """

    name: str
    rate: int

    def load(self, program: int, drums: bool) -> None:
        """Get ready to play a program, which may take a while."""
        ...

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return (1 or 2, at most frames) float32: the tone as long as it is held.

        All layers are about as loud: the mixer turns them down by ``loudness_of``. It may be
        shorter where it has died away. The same voice and frames: the same samples.
        """
        ...

    def release(self, voice: Voice) -> float:
        """Return the seconds in which it fades once it is let go; drums are not."""
        ...

    def ring(self, voice: Voice) -> float:
        """Return after how many seconds it has died away though held; inf if it does not."""
        ...


class Tones:
    """Keeps the tones of a synthesiser, the latest used up to so many bytes."""

    def __init__(self, synth: Synth, kept_bytes: int = KEPT_BYTES) -> None:
        self.synth = synth
        self._kept: OrderedDict[tuple[Voice, int], np.ndarray] = OrderedDict()
        self._bytes, self._most = 0, kept_bytes

    def get(self, voice: Voice, frames: int) -> np.ndarray:
        """Return the tone, ``frames`` long or longer, or shorter if it has died away by then.

        Tones are made in few lengths, so that notes share them; which one depends on nothing but
        ``frames``, so that the same piece has the same samples in whatever order it is rendered.
        """
        length = _class_of(frames, self.synth.rate)
        key = (voice, length)
        tone = self._kept.get(key)
        if tone is None:
            tone = self.synth.tone(voice, length)
            self._keep(key, tone)
        else:
            self._kept.move_to_end(key)
        return tone

    def forget(self) -> None:
        """Make every tone anew from now on."""
        self._kept.clear()
        self._bytes = 0

    def _keep(self, key: tuple[Voice, int], tone: np.ndarray) -> None:
        self._kept[key] = tone
        self._bytes += tone.nbytes
        while self._bytes > self._most and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


def _class_of(frames: int, rate: int) -> int:
    seconds = next((length for length in _CLASSES if length * rate >= frames), LONGEST)
    return round(seconds * rate)
