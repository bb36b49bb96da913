"""A second line against a melody: chord tones on beats, and motion where the melody has none.

Rules of two-part counterpoint as textbooks of harmony give them, searched as one chain. What is
forbidden (parallel fifths and octaves with melody and bass) never happens; the rest are costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput
from studio_music.compose.backing.bars import bars_of
from studio_music.compose.chorales.lines import drawn
from studio_music.score.piece import TICKS, Key, Note, Piece
from studio_music.score.theory.chord_symbols import parsed
from studio_music.score.theory.melody import highest_line
from studio_music.score.theory.ranges import program_range

_GAP: Final = TICKS // 2
"""Rests up to this are articulation: the line goes on over them."""
_BELOW, _REACH = 8, 11
"""Semitones: the middle of the line below that of the melody, and how far it goes from there."""
_SOFT: Final = 68
_SHARPNESS: Final = 4.0
"""Nats for a cost of one: the more, the nearer every draw is to the best line."""
_LEAPS: Final = (1.5, 0, 0, 0.5, 0.5, 1, 4, 1, 2, 2, 6, 6, 2.5)
"""What a leap of so many semitones costs; further ones are not sung."""
_SIMILAR, _INTO_PERFECT, _UNISON, _RUB, _OVER = 1.5, 1.5, 4.0, 2.0, 1.5

Values = NDArray[np.int64]
Costs = NDArray[np.float64]


class Moment(NamedTuple):
    """Where a note begins: its tick, whether on a beat, and the pitch classes of the chord."""

    tick: int
    on_beat: bool
    tones: frozenset[int]


def counter_melody(piece: Piece, melody: Sequence[Note], program: int, seed: int) -> list[Note]:
    """Return a line for an instrument, from the first beat of the melody to its end.

    Args:
        piece: Its chords, metres and key are followed, and its bass is looked at.
        program: General MIDI; its range is kept.
        seed: The same one, the same line.

    Raises:
        BadInput: There are no chord symbols, or no melody over them.
    """
    tune = highest_line(tuple(melody))
    moments = list(_moments(piece, tune))
    if not moments:
        raise BadInput(
            "There are no chord symbols under this melody.",
            "Add a backing first, which writes them, or open a score that has some.",
        )
    bass = highest_line(
        tuple(note for track in piece.tracks if track.role == "bass" for note in track.notes)
    )
    values = _values(tune, program)
    rng = np.random.default_rng(seed)
    scores = np.stack([-_SHARPNESS * _place(moment, values, tune, piece.key) for moment in moments])
    steps = [
        _SHARPNESS * _step(before, now, values, tune, bass) for before, now in pairwise(moments)
    ]
    chosen = drawn(scores, steps, rng.random(len(moments)))
    ends = [*(moment.tick for moment in moments[1:]), max(moments[-1].tick + 1, tune[-1].end)]
    return [
        Note(moment.tick, int(values[value]), end - moment.tick, _SOFT)
        for moment, end, value in zip(moments, ends, chosen, strict=True)
    ]


def fits(piece: Piece, melody: Sequence[Note]) -> bool:
    """Return whether a counter-melody can be written: whether there are chords under a melody."""
    return any(True for _ in _moments(piece, highest_line(tuple(melody))))


def _moments(piece: Piece, tune: Sequence[Note]) -> Iterator[Moment]:
    """Yield where the line has notes: twice a beat that the melody leaves, held where it runs."""
    held: frozenset[int] = frozenset()
    for bar in bars_of(piece):
        compound = bar.metre.unit == 8 and bar.metre.beats % 3 == 0
        beat = 3 * TICKS // 2 if compound else 4 * TICKS // bar.metre.unit
        for tick in range(bar.start, bar.end, beat):
            tones = _chord(piece, tick)
            if not tones or not tune or not tune[0].start <= tick < tune[-1].end:
                continue
            begun = sum(tick <= note.start < tick + beat for note in tune)
            if begun < 2 or tones != held or tick == bar.start:
                yield Moment(tick, True, tones)
                held = tones
            half = tick + (beat // 3 * 2 if compound else beat // 2)
            if not begun and half < min(bar.end, tune[-1].end):
                yield Moment(half, False, _chord(piece, half))
                held = frozenset()  # what passes goes on at the next beat


def _chord(piece: Piece, tick: int) -> frozenset[int]:
    """Return the pitch classes of the chord at a tick; none where there is no known one."""
    symbols = [chord.symbol for chord in piece.chords if chord.tick <= tick][-1:]
    harmony = parsed(symbols[0]) if symbols else None
    return frozenset(tone % 12 for tone in harmony.tones) if harmony else frozenset()


def _values(tune: Sequence[Note], program: int) -> Values:
    """Return the pitches that the line may have, in the range of its instrument."""
    low, high = program_range(program)
    mean = sum(note.pitch * note.length for note in tune) / sum(note.length for note in tune)
    middle = min(max(round(mean) - _BELOW, low + _REACH), max(high - _REACH, low + _REACH))
    return np.arange(max(low, middle - _REACH), min(high, middle + _REACH) + 1)


def _sounding(line: Sequence[Note], tick: int) -> int | None:
    """Return the pitch of a line at a tick, small gaps filled; None in a rest."""
    begun = [note for note in line if note.start <= tick]
    return begun[-1].pitch if begun and tick < begun[-1].end + _GAP else None


def _place(moment: Moment, values: Values, tune: Sequence[Note], key: Key) -> Costs:
    """Return the cost of each pitch at a moment, by itself: ∞ for non-chord tones."""
    allowed = moment.tones if moment.on_beat else moment.tones | frozenset(key.scale)
    costs = np.where(np.isin(values % 12, list(allowed)), 0.0, np.inf)
    above = _sounding(tune, moment.tick)
    if above is not None:
        costs += _UNISON * (values == above) + _OVER * (values > above)
        costs += _RUB * np.isin((values - above) % 12, (1, 11))
    return costs


def _step(
    before: Moment, now: Moment, values: Values, tune: Sequence[Note], bass: Sequence[Note]
) -> Costs:
    """Return (from, to) the cost of going from one moment to the next: ∞ for forbidden moves."""
    apart = values[None, :] - values[:, None]
    leaps = np.array([*_LEAPS, *[np.inf] * 128])
    costs: Costs = leaps[np.abs(apart)]
    foreign = ~np.isin(values % 12, list(before.tones)), ~np.isin(values % 12, list(now.tones))
    stepwise = (np.abs(apart) <= 2) & (apart != 0)
    passing = foreign[0][:, None] | foreign[1][None, :]  # reached and left by step
    costs[passing & ~stepwise] = np.inf
    for line in (tune, bass):
        was, is_ = _sounding(line, now.tick - 1), _sounding(line, now.tick)
        if was is None or is_ is None or was == is_:
            continue
        similar = np.sign(apart) == np.sign(is_ - was)
        here = (values - is_) % 12
        perfect = np.isin(here, (0, 7) if line is bass else (0, 5))[None, :]
        costs[similar & perfect & (((values - was) % 12)[:, None] == here[None, :])] = np.inf
        costs += (_SIMILAR if line is tune else 0) * similar + _INTO_PERFECT * (similar & perfect)
    return costs
