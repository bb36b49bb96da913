"""Keeps sound below full scale: turns it down just before a peak, and slowly up again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CEILING = 0.89  # -1 dB: room for what lies between the samples
STEP = 256
"""Samples that it looks ahead, and by which its output is late."""

_RECOVERY = 0.012  # share of the way up again that it goes in one step


@dataclass(frozen=True)
class Held:
    """Delayed input, and the gain factor to start with. A value."""

    step: np.ndarray
    factor: float


START = Held(np.zeros((2, STEP), np.float32), 1.0)


def limit(sound: np.ndarray, held: Held = START) -> tuple[np.ndarray, Held]:
    """Return (2, frames) limited and ``STEP`` samples late, and the new state.

    ``frames`` is a multiple of ``STEP``. Between two steps the factor goes in a straight line, and
    at each of its ends it is low enough for the steps on both sides: so no sample is too loud.
    """
    steps = np.concatenate((held.step, sound), axis=1).reshape(2, -1, STEP)
    peaks = np.abs(steps).max(axis=(0, 2))
    wanted = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    nodes = [held.factor]
    for before, after in zip(wanted[:-1].tolist(), wanted[1:].tolist()):
        up = nodes[-1] + (1 - nodes[-1]) * _RECOVERY
        nodes.append(min(up, before, after))
    line = np.linspace(0, 1, STEP, endpoint=False, dtype=np.float32)
    starts = np.array(nodes[:-1], np.float32)[:, None]
    slopes = np.diff(np.array(nodes, np.float32))[:, None]
    limited = steps[:, :-1] * (starts + slopes * line)
    return limited.reshape(2, -1), Held(steps[:, -1].copy(), nodes[-1])
