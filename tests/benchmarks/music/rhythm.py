"""Rhythms played by an uneven hand, written down again: sixteenths with triplets, and 6/8.

No sound is made: only when notes begin and end is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from studio_music.audio.transcription.beat import Beat, Floats, found_beat

LATE: Final = 0.012
"""Seconds by which notes are off, as a standard deviation."""
PIECES: Final = 40
_BARS = 8
_THIRD = 1 / 3
_TRIPLETS: Final = (
    (0.35, (1.0,)), (0.22, (_THIRD,) * 3), (0.15, (0.5, 0.5)), (0.08, (2.0,)), (0.08, (1.5, 0.5)),
    (0.05, (2 * _THIRD, _THIRD)), (0.04, (0.5, 0.25, 0.25)), (0.03, (0.25, 0.25, 0.5)),
)  # fmt: skip
"""How often quarters are divided so."""
_EIGHTHS: Final = (
    (0.3, (1.0, 0.5)), (0.3, (0.5, 0.5, 0.5)), (0.3, (1.5,)), (0.05, (0.75, 0.25, 0.5)),
    (0.05, (0.5, 1.0)),
)  # fmt: skip
"""The same of the dotted beats of 6/8."""


@dataclass(frozen=True)
class Played:
    """Notes of a rhythm.

    Attributes:
        starts, ends: Seconds.
        places: Quarters at which they are written.
        bpm: Quarters a minute.
    """

    starts: Floats
    ends: Floats
    places: Floats
    bpm: float

    def found(self) -> Beat:
        """Return the beat that is heard in them."""
        return found_beat(self.starts, self.ends, np.ones(len(self.starts)))

    def right(self, beat: Beat) -> Floats:
        """Return for each note whether it is as far from the one before as it was written."""
        return np.asarray(np.abs(np.diff(beat.places) - np.diff(self.places)) < 1e-3, float)


def triplets(seed: int, late: float = LATE) -> Played:
    """Return eight bars of 4/4 with quarters, eighths, sixteenths and triplets."""
    rng = np.random.default_rng(seed)
    return _played(rng, _lengths(rng, _TRIPLETS, 4.0), float(rng.uniform(70, 130)), late)


def eighths(seed: int, late: float = LATE) -> Played:
    """Return eight bars of 6/8."""
    rng = np.random.default_rng(seed)
    return _played(rng, _lengths(rng, _EIGHTHS, 3.0), float(rng.uniform(100, 190)), late)


def _lengths(
    rng: np.random.Generator, cells: tuple[tuple[float, tuple[float, ...]], ...], bar: float
) -> Iterator[float]:
    """Yield the lengths of notes, none of which goes over a bar line."""
    shares = np.array([share for share, _ in cells])
    for _ in range(_BARS):
        left = bar
        while left > 1e-6:
            cell = cells[int(rng.choice(len(cells), p=shares / shares.sum()))][1]
            if sum(cell) <= left + 1e-6:
                left -= sum(cell)
                yield from cell


def _played(rng: np.random.Generator, lengths: Iterator[float], bpm: float, late: float) -> Played:
    given = np.array(list(lengths))
    places = np.concatenate(([0.0], np.cumsum(given)[:-1]))
    starts = places * 60 / bpm + rng.normal(0, late, len(places))
    return Played(np.sort(starts), (places + 0.9 * given) * 60 / bpm, places, bpm)


def measure(seeds: range = range(PIECES)) -> dict[str, dict[str, float]]:
    """Return which share of notes, tempos and metres is right, of both kinds of rhythm."""
    rows = {}
    for name, make, dotted in (("triplets", triplets, False), ("6/8", eighths, True)):
        played = [make(seed) for seed in seeds]
        beats = [each.found() for each in played]
        notes = np.concatenate([p.right(b) for p, b in zip(played, beats, strict=True)])
        tempo = [abs(b.bpm / p.bpm - 1) < 0.04 for p, b in zip(played, beats, strict=True)]
        rows[name] = {
            "notes": round(float(notes.mean()), 3),
            "tempo": round(float(np.mean(tempo)), 3),
            "metre": round(float(np.mean([beat.dotted == dotted for beat in beats])), 3),
        }
    return rows
