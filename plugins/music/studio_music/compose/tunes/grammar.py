"""What may come next in a tune: whole bars, whole triplets, the scale, the range, an ending.

Whoever writes only what is allowed here ends with a tune as long as asked, in the asked metre,
whose last note is the tonic. Plain numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from studio_music.compose.tunes.vocabulary import DURATIONS, LOWEST, PITCHES, REST, UNITS
from studio_music.score.theory.key_detection import OLD_MODES

Allowed = NDArray[np.bool_]

_SCALES: Final = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),
    **OLD_MODES,
}
ALTERED: Final = {"lydian": (5, 6), "phrygian": (2, 1)}
"""Mode → the step that is written, since the network has learned it, and where it sounds."""
_TRIPLETS: Final = (4, 8, 16)
_LONGEST_REST: Final = UNITS
_WIDEST: Final = 12
"""Semitones of the widest leap."""

_LENGTHS: Final = np.array(DURATIONS)
_STRAIGHT: Final = ~np.isin(_LENGTHS, _TRIPLETS)


@dataclass(frozen=True)
class Place:
    """Where the next note begins.

    Attributes:
        at: Units since the bar line.
        last_bar: Whether this is the last bar of the tune.
        sounding: Index of the last pitch that sounded, None before the first.
        rested: Whether the last thing written was a rest.
        triplet: Where the triplet that is open began, and the length of its first note; None.
    """

    at: int
    last_bar: bool
    sounding: int | None
    rested: bool
    triplet: tuple[int, int] | None


class Grammar:
    """The rules for one tune.

    Args:
        mode: A key of ``_SCALES``.
        bar: Units of a bar.
        low, high: The first and the last index of a pitch in range.
    """

    def __init__(self, mode: str, bar: int, low: int, high: int) -> None:
        self.bar = bar
        self.ending = min(UNITS, bar // 2)
        """Units that the last note has at least."""
        index = np.arange(PITCHES)
        degree = (index + LOWEST) % 12
        self._tonic = degree == 0
        written, sounding = ALTERED.get(mode, (0, 0))
        scale = [written if step == sounding else step for step in _SCALES[mode]]
        self._scale = np.isin(degree, scale) & (index >= low) & (index <= high)
        self._index = index

    def pitches(self, place: Place) -> Allowed:
        """Return which pitches may begin here (``PITCHES`` + 1); the last is a rest."""
        near = self._scale.copy()
        if place.sounding is not None:
            near &= np.abs(self._index - place.sounding) <= _WIDEST
        must_end = place.last_bar and place.at >= self.bar - self.ending
        if must_end:
            near &= self._tonic
        return np.append(near, self._may_rest(place))

    def durations(self, place: Place, pitch: int) -> Allowed:
        """Return which lengths a note of that pitch may have here."""
        if place.triplet is not None:
            return self._within_triplet(place)
        left = self.bar - place.at
        allowed = (left >= _LENGTHS) & self._in_step(place.at)
        if pitch == REST:
            allowed &= (_LENGTHS <= _LONGEST_REST) & (left > _LENGTHS) & _STRAIGHT
        if place.last_bar:
            allowed &= self._may_end(place, pitch)
        return allowed

    def _may_rest(self, place: Place) -> bool:
        """Rests begin on a half beat, never first, twice, in the last bar or at the end of one."""
        in_step = place.at % (UNITS // 2) == 0 and self.bar - place.at > UNITS // 2
        opened = place.sounding is not None and not place.rested
        return opened and in_step and not place.last_bar and place.triplet is None

    def _in_step(self, at: int) -> Allowed:
        """Notes off the sixteenth go back to it; triplets begin on their beat and have room."""
        straight = _STRAIGHT & ((at + _LENGTHS) % 6 == 0) if at % 6 else _STRAIGHT
        begins = (at % (_LENGTHS * 3 // 2) == 0) & (at + 3 * _LENGTHS <= self.bar)
        return np.asarray(straight | (~_STRAIGHT & begins))

    def _may_end(self, place: Place, pitch: int) -> Allowed:
        """In the last bar: a tonic that fills it, or a note that leaves room for one."""
        room = self.bar - self.ending
        ends = np.where(_STRAIGHT, place.at + _LENGTHS, place.at + 3 * _LENGTHS)
        fills = (place.at + _LENGTHS == self.bar) & (self.ending <= _LENGTHS) & _STRAIGHT
        is_tonic = pitch != REST and bool(self._tonic[pitch])
        return np.asarray((ends <= room) | (fills & is_tonic))

    def _within_triplet(self, place: Place) -> Allowed:
        assert place.triplet is not None
        begun, unit = place.triplet
        fits = place.at + _LENGTHS <= begun + 3 * unit
        return np.asarray(~_STRAIGHT & fits & (unit <= 2 * _LENGTHS))


def triplet_after(triplet: tuple[int, int] | None, at: int, length: int) -> tuple[int, int] | None:
    """Return the triplet that is open after a note of ``length`` units at ``at``."""
    if triplet is None and length in _TRIPLETS:
        return (at, length)
    if triplet is not None and at + length >= triplet[0] + 3 * triplet[1]:
        return None
    return triplet
