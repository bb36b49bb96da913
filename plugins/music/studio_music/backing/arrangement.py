"""From a melody to its backing: chords first, then the players bar by bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import TypeVar

import msgspec
import numpy as np

from studio_music.backing import chord_patterns, drums
from studio_music.backing.bars import Bar, bars_of
from studio_music.backing.bass import BassPlayer
from studio_music.backing.chord_symbols import Harmony, parsed
from studio_music.backing.chord_voicings import HIGHEST, Voicing, voiced
from studio_music.backing.genres import Genre, Seat, genre_of
from studio_music.backing.harmony import harmonised
from studio_music.backing.sections import PartChoice
from studio_music.piece import Chord, Key, Note, Piece, Track
from studio_music.theory.key_detection import found_key, share_in_scale
from studio_music.theory.melody import BACKING_ROLES, melody_of

IN_KEY = 0.8
"""A melody with less of it in the scale of its signature is taken to be in the key it sounds in."""

Sounding = TypeVar("Sounding", Harmony, Voicing)


def arranging(
    piece: Piece, genre: str, rng: np.random.Generator, loop: bool = False
) -> Iterator[float | Piece]:
    """Give ``piece`` chords, bass and drums, as long as it is.

    A backing that it has is replaced. Chords that a piece brings, as lead sheets do, are kept.

    Args:
        genre: One of ``GENRES``.
        loop: Its end leads to its start, and there is no closing bar.

    Yields:
        The share done after each bar; the piece last.

    Raises:
        BadInput: There is no melody.
    """
    style = genre_of(genre)
    melody = melody_of(piece)
    bars = bars_of(piece)
    key = _sounding_key(piece, melody.notes)
    chords = _given(piece) or harmonised(melody.notes, bars, key, style.colour, rng, loop)
    yield 0.1
    band = _Band(style, key, bars, chords, melody.notes, rng, loop)
    for number, bar in enumerate(bars):
        band.play(bar)
        yield 0.1 + 0.9 * (number + 1) / len(bars)
    others = tuple(track for track in piece.tracks if track.role not in BACKING_ROLES)
    yield msgspec.structs.replace(
        piece,
        tracks=(*others, *band.tracks()),
        chords=tuple(Chord(tick, chord.symbol(key)) for tick, chord in chords),
    )


class _Band:
    """The players: each bar they are given adds to their notes."""

    def __init__(
        self,
        style: Genre,
        key: Key,
        bars: Sequence[Bar],
        chords: Sequence[tuple[int, Harmony]],
        melody: Sequence[Note],
        rng: np.random.Generator,
        loop: bool,
    ) -> None:
        ends = [*(tick for tick, _ in chords[1:]), bars[-1].end]
        spans = [(tick, end, chord) for (tick, chord), end in zip(chords, ends, strict=True)]
        ceilings = _ceilings(melody, [(start, end) for start, end, _ in spans])
        voicings = voiced([chord for _, _, chord in spans], ceilings)
        self._harmonies = spans
        self._voicings = [
            (start, end, voicing) for (start, end, _), voicing in zip(spans, voicings, strict=True)
        ]
        self._style, self._rng, self._loop = style, rng, loop
        self._bass_player = BassPlayer(key, rng)
        self._parts = PartChoice(style, rng)
        self._at = 0
        self._chords: list[Note] = []
        self._bass: list[Note] = []
        self._drums: list[Note] = []

    def play(self, bar: Bar) -> None:
        """Play one bar; bars come in order."""
        while self._harmonies[self._at][1] <= bar.start:
            self._at += 1
        harmonies = _within(self._harmonies, self._at, bar)
        voicings = _within(self._voicings, self._at, bar)
        if bar.is_last and not self._loop:
            self._chords += chord_patterns.closing(bar, voicings[0][2], self._rng)
            self._bass += self._bass_player.close(bar, harmonies[0][2])
            self._drums += drums.closing(bar, self._rng)
            return
        rows, beats = self._parts.rows_for(bar)
        coming = (bar.end, bar.end, self._coming(bar, self._at + len(harmonies) - 1))
        self._chords += chord_patterns.comped(rows, bar, voicings, self._rng)
        self._bass += self._bass_player.play(rows, bar, [*harmonies, coming])
        self._drums += drums.drummed(beats, bar, self._rng)

    def tracks(self) -> tuple[Track, ...]:
        """Return what was played."""
        style = self._style
        return (
            _track("Chords", self._chords, style.chords),
            _track("Bass", self._bass, style.bass),
            _track("Drums", self._drums, style.drums),
        )

    def _coming(self, bar: Bar, last: int) -> Harmony:
        """Return the chord after ``bar``, whose last chord has number ``last``."""
        goes_on = self._harmonies[last][1] > bar.end
        return self._harmonies[(last + (not goes_on)) % len(self._harmonies)][2]


def _track(name: str, notes: Sequence[Note], seat: Seat) -> Track:
    return Track(
        name,
        tuple(sorted(notes)),
        program=seat.program,
        drums=name == "Drums",
        role=name.lower(),
        volume=seat.volume,
        pan=seat.pan,
    )


def _within(
    spans: Sequence[tuple[int, int, Sounding]], first: int, bar: Bar
) -> list[tuple[int, int, Sounding]]:
    """Return what sounds in ``bar``; ``first`` is the number of what sounds at its start."""
    following = (spans[place] for place in range(first, len(spans)))
    return list(takewhile(lambda span: span[0] < bar.end, following))


def _ceilings(melody: Sequence[Note], spans: Sequence[tuple[int, int]]) -> list[int]:
    """Return the lowest pitch of the melody over each span; where it rests, that before."""
    ceilings: list[int] = []
    notes, at = sorted(melody), 0
    for start, end in spans:
        while at < len(notes) and notes[at].end <= start:
            at += 1
        last = at
        while last < len(notes) and notes[last].start < end:
            last += 1
        pitches = (note.pitch for note in notes[at:last])
        ceilings.append(min(pitches, default=(ceilings or [HIGHEST])[-1]))
    return ceilings


def _sounding_key(piece: Piece, melody: Sequence[Note]) -> Key:
    """Return the key of the signature, or the one it sounds in where the signature cannot be."""
    if share_in_scale(melody, piece.key) >= IN_KEY:
        return piece.key
    return found_key(melody) or piece.key


def _given(piece: Piece) -> list[tuple[int, Harmony]]:
    """Return the chords that a piece without a backing brings, but those not understood."""
    if any(track.role == "chords" for track in piece.tracks):
        return []
    known = [(chord.tick, parsed(chord.symbol)) for chord in piece.chords]
    chords = [(tick, chord) for tick, chord in sorted(known, key=itemgetter(0)) if chord]
    return [(0, chords[0][1]), *chords[1:]] if chords else []
