"""From the notes of a track to voices: chords that follow each other without overlap, on a grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from studio_music.score.formats.bars import FINE, READABLE, Bars, Grid
from studio_music.score.formats.note_values import BINARY
from studio_music.score.piece import TICKS, Note

_FEET = (35, 36, 44)  # bass drums and the pedal of the hi-hat: stems down


class Numbered(NamedTuple):
    """A note and its place among the notes of its track."""

    number: int
    note: Note


class Strike(NamedTuple):
    """Notes that begin and end together, as written."""

    start: int
    end: int
    notes: tuple[Numbered, ...]


Voice = list[Strike]


def grid_of(notes: Sequence[Note]) -> Grid:
    """Return the grid that a reader wants: the fine one only where (nearly) all notes lie on it."""
    on = sum(FINE.holds(note) for note in notes)
    return FINE if on >= 0.98 * len(notes) else READABLE


def strikes(notes: Iterable[Numbered], bars: Bars, grid: Grid) -> list[Strike]:
    """Return the notes on the grid, those with the same span as one chord, in order of time."""
    notes = list(notes)
    thirds = bars.thirds(numbered.note.start for numbered in notes) if grid == READABLE else None
    spans: defaultdict[tuple[int, int], list[Numbered]] = defaultdict(list)
    for numbered in notes:
        spans[bars.snapped(numbered.note, thirds)].append(numbered)
    return [Strike(*span, tuple(spans[span])) for span in sorted(spans)]


def voices(chords: list[Strike], bars: Bars) -> list[Voice]:
    """Return as few voices as can hold the chords, the highest first."""
    growing: list[_Growing] = []
    for chord in sorted(chords, key=lambda chord: (chord.start, -_height(chord))):
        voice = next((voice for voice in growing if voice.fits(chord)), None)
        if voice is None:
            voice = _Growing(bars)
            growing.append(voice)
        voice.add(chord)
    return [
        v.chords
        for v in sorted(growing, key=lambda v: -sum(map(_height, v.chords)) / len(v.chords))
    ]


def _height(chord: Strike) -> float:
    return max(numbered.note.pitch for numbered in chord.notes)


class _Growing:
    """A voice under construction: no overlap, and in a beat either halves or thirds."""

    def __init__(self, bars: Bars) -> None:
        self.chords: Voice = []
        self._bars = bars
        self._thirds: dict[tuple[int, int], bool] = {}

    def fits(self, chord: Strike) -> bool:
        """Return whether the chord can follow."""
        if self.chords and self.chords[-1].end > chord.start:
            return False
        return all(self._thirds.get(beat, third) == third for beat, third in self._beats(chord))

    def add(self, chord: Strike) -> None:
        """Let the chord follow."""
        self.chords.append(chord)
        self._thirds.update(self._beats(chord))

    def _beats(self, chord: Strike) -> list[tuple[tuple[int, int], bool]]:
        """Return, for each end that says which, the beat it is in and whether it is in thirds."""
        beats = []
        for tick in (chord.start, chord.end):
            bar = self._bars.all[self._bars.at(tick)]
            place = (tick - bar.origin) % bar.beat
            if place % (4 * BINARY):
                beats.append((self._bars.beat(tick), is_third(place)))
        return beats


def is_third(place: int) -> bool:
    """Return whether a place of a beat lies on the grid of triplets alone."""
    return place % BINARY != 0


def by_bar(voice: Voice, bars: Bars) -> dict[int, list[Strike]]:
    """Return the chords that sound in each bar."""
    bars_of: defaultdict[int, list[Strike]] = defaultdict(list)
    for chord in voice:
        last = bars.at(chord.end - 1)
        for number in range(bars.at(chord.start), last + 1):
            bars_of[number].append(chord)
    return bars_of


# ---- what can be read --------------------------------------------------------------------------


def readable(chords: list[Strike], bars: Bars) -> list[Strike]:
    """Return chords of free playing as one voice, for display: short gaps and overlaps close."""
    return [
        Strike(start, end if following - end > min(TICKS // 2, end - start) else following, notes)
        for start, end, notes, following in _one_after_another(chords, bars)
    ]


def drum_strikes(chords: list[Strike], bars: Bars) -> list[Strike]:
    """Return drum strokes that last to the next stroke, or to the end of the beat."""
    drawn = []
    for start, _, notes, following in _one_after_another(chords, bars):
        bar = bars.all[bars.at(start)]
        beat = bar.origin + ((start - bar.origin) // TICKS + 1) * TICKS
        drawn.append(Strike(start, min(following, beat, bar.end), notes))
    return drawn


def _one_after_another(
    chords: list[Strike], bars: Bars
) -> Iterator[tuple[int, int, tuple[Numbered, ...], int]]:
    """Yield what begins together: start, latest end, notes, and where the next one begins."""
    together: defaultdict[int, list[Strike]] = defaultdict(list)
    for chord in chords:
        together[chord.start].append(chord)
    starts = sorted(together)
    for start, following in zip(starts, [*starts[1:], bars.end]):
        end = min(following, max(chord.end for chord in together[start]))
        yield (
            start,
            end,
            tuple(numbered for c in together[start] for numbered in c.notes),
            following,
        )


def hands_and_feet(notes: Iterable[Numbered]) -> tuple[list[Numbered], list[Numbered]]:
    """Return what drummers play with their hands, and with their feet."""
    hands: list[Numbered] = []
    feet: list[Numbered] = []
    for numbered in notes:
        (feet if numbered.note.pitch in _FEET else hands).append(numbered)
    return hands, feet
