"""Distinguishes the loudspeaker's echo in the microphone from a person's speech.

It is no echo canceller: it compares how loud the two are. The echo of the own voice has a
loudness in proportion to the output, whatever the room; the guard learns that proportion
while it speaks, and believes in a person only where the microphone is clearly louder. So a person
at a loud loudspeaker has to speak up (or press a key); with headphones every word counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Levels = Callable[[], float]
"""How loud what is played was at its loudest just now: root of the mean square."""

_LOUDER: Final = 2.5
"""So many times louder than its own sound must a person be: 8 dB."""
_LEARNT: Final = 16
"""Frames of 32 ms after which the proportion is known; before that nothing interrupts."""
_REMEMBERED: Final = 200
_AUDIBLE: Final = 0.003
_USUAL: Final = 75
"""Of a hundred frames so many are quieter than what counts as the own sound."""


class EchoGuard:
    """Learns how loud the own sound comes back."""

    def __init__(self, played: Levels) -> None:
        """``played``: how loud the own sound is now; 0 while there is none."""
        self._played = played
        self._ratios: deque[float] = deque(maxlen=_REMEMBERED)

    def is_own(self, block: NDArray[np.float32]) -> bool:
        """Return whether a frame of the microphone is no louder than the own sound explains."""
        played = self._played()
        if played < _AUDIBLE:
            return False
        level = float(np.sqrt(np.mean(np.square(block))))
        calibrated = len(self._ratios) >= _LEARNT
        usual = float(np.percentile(self._ratios, _USUAL)) if calibrated else 0.0
        is_own = not calibrated or level < _LOUDER * usual * played + _AUDIBLE
        if is_own:
            self._ratios.append(level / played)
        return is_own
