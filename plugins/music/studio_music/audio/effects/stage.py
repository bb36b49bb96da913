"""The context of a recipe: its time, its random generator, and its settings.

On the stage of a loop everything wraps around: sound past the end continues at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
"""Samples of a sound, or a path of levels or pitches; (frames,) unless said otherwise."""

RATE = 44_100
"""Samples a second of every effect."""

BLOCK = 256
"""A loop is a multiple of so many samples long: what works in steps comes round, too."""


@dataclass
class Stage:
    """One sound while it is being made. All signals are float64 arrays of ``frames`` samples.

    Attributes:
        frames: How long it is.
        rng: Its chance; the same seed makes the same sound.
        knobs: What was set for this family, by name.
        pitch: Factor of all pitches.
        pace: Factor of all durations inside.
        variety: How far chance goes, 0…1.
        loop: Whether its end goes on at its start.
    """

    frames: int
    rng: np.random.Generator
    knobs: Mapping[str, float] = field(default_factory=dict)
    pitch: float = 1.0
    pace: float = 1.0
    variety: float = 0.5
    loop: bool = False

    def __post_init__(self) -> None:
        self.time = np.arange(self.frames) / RATE

    def __getitem__(self, knob: str) -> float:
        """Return the value of a knob of the family."""
        return self.knobs[knob]

    @property
    def length(self) -> float:
        """Its length in seconds."""
        return self.frames / RATE

    def hz(self, hertz: float, spread: float = 0.06) -> float:
        """Return a pitch as it is here: moved as was asked, and by chance up to a share of it."""
        return hertz * self.pitch * self.chance(spread)

    def seconds(self, seconds: float, spread: float = 0.1) -> float:
        """Return a duration as it is here: longer in a longer sound, and by chance."""
        return seconds * self.pace * self.chance(spread)

    def chance(self, spread: float) -> float:
        """Return a factor around 1 by chance."""
        return float(np.exp(self.rng.uniform(-1, 1) * spread * 2 * self.variety))

    def whole(self, hertz: float) -> float:
        """Return a frequency that comes round in a loop; elsewhere itself."""
        return max(1.0, round(hertz * self.length)) / self.length if self.loop else hertz

    def times(self, rate: float) -> Signal:
        """Return moments in seconds, in order, as they happen by chance ``rate`` times a second."""
        count = int(self.rng.poisson(rate * self.length))
        return np.sort(self.rng.uniform(0, self.length, count))

    def silence(self) -> Signal:
        """Return a signal of zeros."""
        return np.zeros(self.frames)

    def put(self, into: Signal, sound: Signal, at: float) -> None:
        """Add ``sound`` to a signal from ``at`` seconds on; in a loop it goes on at the start."""
        start, size = round(at * RATE), len(sound)
        if self.loop:
            start %= self.frames
        whole = min(size, self.frames - start)
        if whole > 0:
            into[start : start + whole] += sound[:whole]
        while self.loop and whole < size:
            part = sound[whole : whole + self.frames]
            into[: len(part)] += part
            whole += len(part)
