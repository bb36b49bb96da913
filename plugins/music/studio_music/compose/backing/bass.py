"""The bass of a backing: roots and fifths as a row says, and steps that lead to the next root."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from studio_music.compose.backing.bars import Bar
from studio_music.compose.backing.dynamics import velocity
from studio_music.compose.backing.pattern_notation import Rows, strokes
from studio_music.score.piece import Key, Note
from studio_music.score.theory.chord_symbols import Harmony

LOWEST, HIGHEST = 28, 52
_HOME: Final = 36
_THIRD, _FIFTH = 1, 2  # places in ``Harmony.tones``


class BassPlayer:
    """Plays one bar after the other and remembers where the hand was."""

    def __init__(self, key: Key, rng: np.random.Generator) -> None:
        self._key = key
        self._rng = rng
        self._last = _HOME

    def play(self, rows: Rows, bar: Bar, chords: Sequence[tuple[int, int, Harmony]]) -> list[Note]:
        """Return the bass of one bar.

        Args:
            chords: Start, end and chord of what sounds in the bar, and one more: what comes next.
        """
        notes = []
        for stroke in strokes(rows["bass"]):
            start = bar.start + round(stroke.start * bar.metre.bar)
            end = min(bar.end, start + round(stroke.length * bar.metre.bar))
            if start >= end:
                continue
            at = _at(chords, start)
            if chords[at][1] < end:  # a held note gives way to the next chord
                end = chords[at][1]
            chord = chords[at][2]
            following = chords[min(at + 1, len(chords) - 1)][2]
            is_change = start == chords[at][0]
            pitch = self._pitch("R" if is_change else stroke.sign, chord, following)
            notes.append(Note(start, pitch, end - start, velocity("x", bar, self._rng)))
            self._last = pitch
        return notes

    def close(self, bar: Bar, chord: Harmony) -> list[Note]:
        """Return the last bar: the root, held."""
        pitch = self._near(chord.lowest)
        return [Note(bar.start, pitch, bar.end - bar.start, velocity("x", bar, self._rng))]

    def _pitch(self, sign: str, chord: Harmony, following: Harmony) -> int:
        if sign == "w":
            return self._walked(chord, following)
        if sign == "a":
            return self._approach(chord, following)
        if sign == "8":
            root = self._near(chord.lowest)
            return root + 12 if root + 12 <= HIGHEST else root
        if sign == "5":
            return self._near(chord.tones[_FIFTH])
        if sign == "3":
            return self._near(chord.tones[_THIRD])
        return self._near(chord.lowest)

    def _near(self, pitch_class: int) -> int:
        """Return this pitch class nearest to the hand, and not far from home."""
        there = [pitch for pitch in range(LOWEST, HIGHEST + 1) if pitch % 12 == pitch_class]
        return min(there, key=lambda pitch: abs(pitch - self._last) + 0.5 * abs(pitch - _HOME))

    def _walked(self, chord: Harmony, following: Harmony) -> int:
        """Return the next chord tone on the way to the coming root, never the same note again."""
        goal = self._near(following.lowest)
        tones = [pitch for tone in chord.tones if (pitch := self._near(tone)) != self._last]
        return min(tones, key=lambda pitch: abs(pitch - self._last) + 0.7 * abs(pitch - goal))

    def _approach(self, chord: Harmony, following: Harmony) -> int:
        """Return a step below or above the coming root; the fifth where the root stays."""
        if following.lowest == chord.lowest:
            return self._near(chord.tones[_FIFTH])
        goal = self._near(following.lowest)
        scale = set(self._key.scale)
        below = goal - 1 if (goal - 1) % 12 in scale or self._rng.random() < 0.5 else goal - 2
        above = goal + 1 if (goal + 1) % 12 in scale else goal + 2
        steps = [pitch for pitch in (below, above) if LOWEST <= pitch <= HIGHEST]
        return min(steps, key=lambda pitch: abs(pitch - self._last))


def _at(chords: Sequence[tuple[int, int, Harmony]], tick: int) -> int:
    return max(place for place, (start, _, _) in enumerate(chords) if start <= tick or not place)
