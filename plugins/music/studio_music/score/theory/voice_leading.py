"""Textbook faults of a setting for four voices: between voices, and within lines.

Works on rows of MIDI pitches, one a sixteenth, from soprano to bass, −1 for a rest. Source of the
rules: the common practice that any textbook of harmony gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, pairwise
from typing import Final, NamedTuple

from studio_music.score.piece import Piece
from studio_music.score.theory.ranges import VOICES

Row = Sequence[int]

SIXTEENTH: Final = 120
"""Ticks of a row."""

ROLES: Final = ("soprano", "alto", "tenor", "bass voice")
_PERFECT: Final = {0: "octaves", 7: "fifths"}
_OCTAVE: Final = 12


class Parallel(NamedTuple):
    """Two voices that move from one perfect interval to the same: at which row, which voices."""

    row: int
    upper: int
    lower: int
    interval: str


class Leading(NamedTuple):
    """How the voices of a setting move.

    Attributes:
        moves: How often any voice moves: steps from one chord to another.
        bass_moves, bass_leaps: How often the bass moves, and how often by an octave or more.
        out_of_range, crossings, wide: Chords in which a voice leaves its range, lies over a higher
            one, or two neighbours of the upper three lie more than an octave apart.
    """

    moves: int
    parallels: tuple[Parallel, ...]
    bass_moves: int
    bass_leaps: int
    out_of_range: int
    crossings: int
    wide: int

    @property
    def per_hundred(self) -> float:
        """Parallels a hundred moves."""
        return 100 * len(self.parallels) / max(self.moves, 1)


def leading_of(rows: Sequence[Row]) -> Leading:
    """Return how the voices move."""
    chords = [tuple(chord) for chord, _ in groupby(map(tuple, rows))]
    bass = [pitch for pitch, _ in groupby(row[-1] for row in rows if row[-1] >= 0)]
    ranges = [VOICES[role] for role in ROLES]
    return Leading(
        moves=max(len(chords) - 1, 0),
        parallels=tuple(_parallels(rows)),
        bass_moves=max(len(bass) - 1, 0),
        bass_leaps=sum(abs(b - a) >= _OCTAVE for a, b in pairwise(bass)),
        out_of_range=sum(
            any(p >= 0 and not low <= p <= high for p, (low, high) in zip(row, ranges, strict=True))
            for row in chords
        ),
        crossings=sum(any(0 <= a < b for a, b in pairwise(row)) for row in chords),
        wide=sum(any(b >= 0 and a - b > _OCTAVE for a, b in pairwise(row[:3])) for row in chords),
    )


def _parallels(rows: Sequence[Row]) -> Iterator[Parallel]:
    for at, (before, now) in enumerate(pairwise(rows), 1):
        if before == now:
            continue
        for upper, lower in combinations(range(len(now)), 2):
            pitches = before[upper], before[lower], now[upper], now[lower]
            if min(pitches) < 0:
                continue
            rise, other = now[upper] - before[upper], now[lower] - before[lower]
            interval = (now[upper] - now[lower]) % _OCTAVE
            if rise * other > 0 and (rise - other) % _OCTAVE == 0 and interval in _PERFECT:
                yield Parallel(at, upper, lower, _PERFECT[interval])


def rows_of(piece: Piece) -> list[list[int]] | None:
    """Return the rows of a piece for four voices; None where it is for anything else."""
    by_role = {track.role: track for track in piece.tracks if track.notes}
    if set(by_role) != set(ROLES):
        return None
    rows = [[-1] * len(ROLES) for _ in range(-(-piece.end // SIXTEENTH))]
    for voice, role in enumerate(ROLES):
        for note in by_role[role].notes:
            for row in rows[note.start // SIXTEENTH : -(-note.end // SIXTEENTH)]:
                row[voice] = note.pitch
    return rows
