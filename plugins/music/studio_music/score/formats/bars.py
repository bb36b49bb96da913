"""The bars of a piece, and where in them a tick is written: the grid that notes are put on."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from studio.api import BadInput
from studio_music.score.formats.note_values import BINARY, TRIPLET
from studio_music.score.piece import TICKS, Dynamic, Metre, Note, Piece

MAX_BARS: Final = 20_000
_SHORT: Final = 4 * BINARY  # what short bars are counted in: it lies on both grids


class Grid(NamedTuple):
    """Ticks of the finest step, and of the finest step in a triplet."""

    binary: int
    triplet: int

    def holds(self, note: Note) -> bool:
        """Return whether the note lies on it."""
        return any(
            note.start % step == 0 and note.length % step == 0
            for step in (self.binary, self.triplet)
        )


FINE: Final = Grid(BINARY, TRIPLET)
READABLE: Final = Grid(TICKS // 4, TICKS // 3)
"""Sixteenths and triplets of eighths: what can be read of free playing."""


Thirds = frozenset[tuple[int, int]]
"""Beats in triplets, each as its bar and its number there."""


class Bar(NamedTuple):
    """A bar from ``start`` to ``end``; shorter than its metre only as pickup or as the last one."""

    start: int
    end: int
    metre: Metre
    pickup: bool = False

    @property
    def origin(self) -> int:
        """Where the whole bar would begin that a pickup is the end of."""
        return self.end - self.metre.bar if self.pickup else self.start

    @property
    def beat(self) -> int:
        """Ticks of the unit that is either wholly in triplets or not at all."""
        return min(TICKS, 4 * TICKS // self.metre.unit)


def aligned(piece: Piece) -> Piece:
    """Return the piece with its pickup in whole sixteenths, and all that follows moved with it."""
    shift = max(_SHORT, round(piece.pickup / _SHORT) * _SHORT) - piece.pickup
    if not piece.pickup or not shift:
        return piece

    def moved(many: Iterable[Any], field: str) -> tuple[Any, ...]:
        places = [(item, max(0, getattr(item, field) + shift)) for item in many]
        # What stands at the start stays there.
        return tuple(replace(e, **{field: at if getattr(e, field) else 0}) for e, at in places)

    return replace(
        piece,
        pickup=piece.pickup + shift,
        length=max(0, piece.length + shift),
        tempos=moved(piece.tempos, "tick"),
        metres=moved(piece.metres, "tick"),
        chords=moved(piece.chords, "tick"),
        tracks=tuple(
            replace(t, notes=moved(t.notes, "start"), dynamics=_shifted(t.dynamics, shift))
            for t in piece.tracks
        ),
    )


def _shifted(dynamics: Iterable[Dynamic], shift: int) -> tuple[Dynamic, ...]:
    return tuple(
        replace(
            dynamic,
            tick=max(0, dynamic.tick + shift) if dynamic.tick else 0,
            end=max(0, dynamic.end + shift) if dynamic.end else 0,
        )
        for dynamic in dynamics
    )


class Bars:
    """The bars of a piece whose pickup is on the grid."""

    def __init__(self, piece: Piece) -> None:
        starts = piece.bar_starts()
        if len(starts) > MAX_BARS:
            raise BadInput(
                f"This piece has {len(starts):,} bars; a score can have at most {MAX_BARS:,}.",
                "Shorten it, or export it as MIDI.",
            )
        changes = sorted(piece.metres, key=lambda change: change.tick)
        at = [change.tick for change in changes]
        metres = [changes[bisect_right(at, start) - 1].metre for start in starts]
        last = min(metres[-1].bar, -(-max(1, piece.end - starts[-1]) // _SHORT) * _SHORT)
        ends = [*starts[1:], starts[-1] + last]
        self.all = [
            Bar(start, end, metre, bool(piece.pickup) and not start)
            for start, end, metre in zip(starts, ends, metres)
        ]
        self._starts = starts

    def at(self, tick: int) -> int:
        """Return the number of the bar that ``tick`` is in, from 0."""
        return max(0, bisect_right(self._starts, tick) - 1)

    @property
    def end(self) -> int:
        """Where the last bar ends."""
        return self.all[-1].end

    def snapped(self, note: Note, thirds: Thirds | None) -> tuple[int, int]:
        """Return where ``note`` begins and ends as written.

        Without ``thirds`` on the fine grid, whichever of its steps moves the note least; with them
        on the readable one, beat by beat.
        """
        if thirds is not None:
            start, end = (self._readable(tick, thirds) for tick in (note.start, note.end))
            return self._at_least(start, end, READABLE.binary // 2)
        spans = [
            (self._place(note.start, step), self._place(note.end, step), step)
            for step in (FINE if self._has_triplets(note.start, FINE) else FINE[:1])
        ]
        moved = [abs(start - note.start) + abs(end - note.end) for start, end, _ in spans]
        return self._at_least(*spans[moved.index(min(moved))])

    def _at_least(self, start: int, end: int, step: int) -> tuple[int, int]:
        start = max(0, min(start, self.end - step))
        return start, min(max(end, start + step), self.end)

    def _readable(self, tick: int, thirds: Thirds) -> int:
        return self._place(tick, READABLE.triplet if self.beat(tick) in thirds else READABLE.binary)

    def thirds(self, ticks: Iterable[int]) -> Thirds:
        """Return the beats in which notes that begin at ``ticks`` are played as triplets."""
        played: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for tick in ticks:
            if self._has_triplets(tick, READABLE):
                played[self.beat(tick)].append(tick)
        return frozenset(beat for beat, inside in played.items() if self._is_in_thirds(inside))

    def _is_in_thirds(self, ticks: list[int]) -> bool:
        binary, triplet = (sum(abs(self._place(t, step) - t) for t in ticks) for step in READABLE)
        return triplet < 0.8 * binary  # played unevenly, the plain reading is the likelier one

    def _has_triplets(self, tick: int, grid: Grid) -> bool:
        unit = self.all[self.at(tick)].metre.unit
        return unit <= 4 or (grid == FINE and unit <= 16)

    def beat(self, tick: int) -> tuple[int, int]:
        """Return the bar of ``tick`` and its beat there: the unit of triplet detection."""
        number = self.at(tick)
        bar = self.all[number]
        return number, (tick - bar.origin) // bar.beat

    def _place(self, tick: int, step: int) -> int:
        bar = self.all[self.at(tick)]
        step = step if bar.metre.unit <= 16 else BINARY  # no beat that has thirds
        return min(bar.origin + round((tick - bar.origin) / step) * step, bar.end)
