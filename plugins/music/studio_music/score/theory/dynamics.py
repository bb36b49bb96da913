"""Dynamics of a track: how loud each tick is by its signs, and notes that follow a new sign."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import mean
from typing import Final

from msgspec.structs import replace

from studio_music.score.piece import ACCENTS, HAIRPINS, LOUDNESS, TICKS, Dynamic, Note, Track

USUAL: Final = 80
_STEPS: Final = tuple(LOUDNESS.values())


class Levels:
    """How loud a track is by its signs.

    Args:
        before: The velocity before the first sign.
    """

    def __init__(self, dynamics: Sequence[Dynamic], before: float = USUAL) -> None:
        self._marks = [
            (dynamic.tick, LOUDNESS[dynamic.sign]) for dynamic in dynamics if not dynamic.end
        ]
        self._hairpins = [dynamic for dynamic in dynamics if dynamic.end > dynamic.tick]
        self._before = before

    def at(self, tick: int) -> float:
        """Return the velocity at a tick: that of the last sign; within a hairpin, in between.

        A hairpin leads to the sign at its end or within a beat behind it; without one, a step on.
        """
        level, since = self._before, -1
        for begin, loud in self._marks:
            if begin <= tick:
                level, since = loud, begin
        for hairpin in self._hairpins:
            if since <= hairpin.tick <= tick:
                aim = self._aim(hairpin, level)
                share = (tick - hairpin.tick) / (hairpin.end - hairpin.tick)
                level += (aim - level) * min(1.0, share)
        return level

    def _aim(self, hairpin: Dynamic, level: float) -> float:
        marks = (loud for at, loud in self._marks if 0 <= at - hairpin.end <= TICKS)
        return next(marks, _a_step(level, hairpin.sign == HAIRPINS[0]))


def _a_step(level: float, louder: bool) -> float:
    """Return the velocity of the next dynamic."""
    if louder:
        return next((step for step in _STEPS if step > level), _STEPS[-1])
    return next((step for step in reversed(_STEPS) if step < level), _STEPS[0])


def marked(track: Track, tick: int, sign: str, end: int = 0) -> Track:
    """Return the track with a sign at ``tick``, and its notes as loud as that says.

    Accents stay: a note that was louder than the others still is.

    Args:
        sign: A key of ``LOUDNESS``, one of ``HAIRPINS``, or "" to take away what stands there.
        end: Where a hairpin ends.
    """
    others = [d for d in track.dynamics if d.tick != tick or bool(d.end) != bool(end)]
    if not sign:
        others = [d for d in track.dynamics if d.tick != tick]
    if end:
        others = [d for d in others if not d.end or d.end <= tick or d.tick >= end]
    new = [*others, Dynamic(tick, sign, end)] if sign else others
    return followed(track, tuple(sorted(new)))


def unmarked(track: Track, first: int, last: int) -> Track:
    """Return the track without the signs that begin from tick ``first`` until ``last``."""
    others = tuple(dynamic for dynamic in track.dynamics if not first <= dynamic.tick < last)
    return followed(track, others)


def followed(track: Track, dynamics: tuple[Dynamic, ...]) -> Track:
    """Return the track with these signs in the place of its own, and velocities that follow.

    What stands under no sign stays as loud as it is.
    """
    starts = sorted(dynamic.tick for dynamic in dynamics)
    first = min((dynamic.tick for dynamic in track.dynamics), default=None)

    def span(tick: int) -> int:
        return bisect_right(starts, tick)

    together: defaultdict[int, list[int]] = defaultdict(list)
    for note in track.notes:
        together[span(note.start)].append(note.velocity)
    usual = {at: mean(velocities) for at, velocities in together.items()}

    def loud(note: Note) -> Note:
        at = span(note.start)
        if not at:
            return note
        has_marks = first is not None and first <= note.start
        was = Levels(track.dynamics, usual[at]).at(note.start) if has_marks else usual[at]
        wanted = Levels(dynamics, usual[at]).at(note.start)
        return replace(note, velocity=_bounded(note.velocity + wanted - was))

    return replace(track, notes=tuple(map(loud, track.notes)), dynamics=dynamics)


def named(track: Track, starts: Sequence[int]) -> Track:
    """Return the track with signs that say how loud its notes are, one where that changes.

    Args:
        starts: In ticks, where its phrases begin.
    """
    dynamics: list[Dynamic] = []
    for first, last in pairwise([*starts, max((n.end for n in track.notes), default=0) + 1]):
        loud = [note.velocity for note in track.notes if first <= note.start < last]
        if loud:
            sign = min(LOUDNESS, key=lambda name: abs(LOUDNESS[name] - mean(loud)))
            if not dynamics or dynamics[-1].sign != sign:
                dynamics.append(Dynamic(first, sign))
    return replace(track, dynamics=tuple(dynamics))


def led(notes: Sequence[Note], dynamics: Sequence[Dynamic]) -> tuple[Note, ...]:
    """Return notes that have the velocity of the sign before them, led through the hairpins.

    Accents come on top. Where no hairpin leads, the velocity that a note has is that of the sign.
    """
    levels = Levels(dynamics)
    inside = [(dynamic.tick, dynamic.end) for dynamic in dynamics if dynamic.end]

    def loud(note: Note) -> Note:
        is_led = any(first <= note.start <= last for first, last in inside)
        level = levels.at(note.start) if is_led else note.velocity
        return replace(note, velocity=_bounded(level + ACCENTS.get(note.accent, 0)))

    return tuple(map(loud, notes))


def accented(note: Note, accent: str) -> Note:
    """Return a note with another accent, "" for none, and as loud as that makes it."""
    louder = ACCENTS.get(accent, 0) - ACCENTS.get(note.accent, 0)
    return replace(note, accent=accent, velocity=_bounded(note.velocity + louder))


def strongest(accents: Iterable[str]) -> str:
    """Return the accent of several that makes the most of a note, "" for none."""
    return max(accents, key=lambda accent: ACCENTS.get(accent, 0), default="")


def _bounded(velocity: float) -> int:
    return max(1, min(127, round(velocity)))
