"""Bars of a known tune written anew by the network, in the course of what stands around them.

The bars before are read note by note, so that the network knows them; then it writes. A variation
keeps some of the notes that are there, beat by beat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from studio.api import BadInput
from studio_music.compose.backing.bars import Bar, bars_of
from studio_music.compose.prompt.request import TuneRequest
from studio_music.compose.tunes.composer import DRAFTS, Draft, groups_of, step
from studio_music.compose.tunes.grammar import Grammar
from studio_music.compose.tunes.vocabulary import (
    DURATIONS,
    LOWEST,
    PITCHES,
    REST,
    UNITS,
    density_class,
)
from studio_music.compose.tunes.weights import Tunes
from studio_music.score.piece import TICKS, Note, Piece
from studio_music.score.theory.melody import melody_of, melody_track

Written = dict[int, tuple[int, int]]
"""Unit → index of the pitch and of the length of what begins there."""

_KNOWN_BARS: Final = 16
"""So many bars before are read."""
_GRID: Final = 6
"""Units of a sixteenth: what is read lies on these."""
_KEPT: Final = 0.35
"""Share of the beats that a variation keeps."""
_ROOM: Final = 4
"""Semitones by which it may go beyond the compass of the tune."""
_FAR: Final = 7
"""Semitones to the note behind the passage that are far."""


class Passage(NamedTuple):
    """Bars ``first`` until ``last`` of a piece, from 0; ``vary``: vary the existing notes."""

    first: int
    last: int
    vary: bool = False


def written(
    model: Tunes, piece: Piece, passage: Passage, rng: torch.Generator, temperature: float
) -> Iterator[float | list[Piece]]:
    """Yield the fraction done, and at last pieces with the passage, the best first.

    Everything else of a piece stays as it is; it grows where the passage ends behind it.

    Raises:
        BadInput: There is no melody, or its metre is none that the network has learned.
    """
    bars = _known(piece, passage)
    melody = melody_of(piece)
    chances = torch.rand(DRAFTS, len(bars), 8, generator=rng, device=rng.device).cpu().numpy()
    drafts = [
        _PassageDraft(model, piece, melody.notes, passage, bars, temperature, chance)
        for chance in chances
    ]
    state = None
    while not all(draft.done for draft in drafts):
        state = step(model, drafts, state, rng)
        yield min(draft.fraction for draft in drafts)
    start, end = bars[passage.first].start, bars[passage.last - 1].end
    after = next((note for note in melody.notes if note.start >= end), None)
    ranked = sorted(drafts, key=lambda draft: draft.gap_to(after))
    yield [_with(piece, draft.passage(), (start, end)) for draft in ranked]


def _known(piece: Piece, passage: Passage) -> list[Bar]:
    """Return the bars of the piece, and more behind them up to the end of the passage."""
    bars = bars_of(piece)
    if not 0 <= passage.first < passage.last:
        raise BadInput("There are no bars to write.", "Choose a first bar before the last.")
    if passage.first > len(bars):
        raise BadInput(
            f"The piece ends before bar {passage.first + 1}.", f"Choose one up to {len(bars) + 1}."
        )
    metre = bars[min(passage.first, len(bars) - 1)].metre
    groups_of(str(metre))
    while len(bars) < passage.last:
        bars.append(Bar(len(bars), bars[-1].end, bars[-1].end + metre.bar, metre, False))
    around = bars[max(0, passage.first - _KNOWN_BARS) : passage.last]
    if any(bar.metre != metre or bar.end - bar.start != metre.bar for bar in around):
        raise BadInput(
            "The metre changes in or before these bars.", "Choose bars that have one metre."
        )
    return bars


class _PassageDraft(Draft):
    """A passage while it is written; the notes before it, and preserved ones, are unchanged."""

    def __init__(
        self,
        model: Tunes,
        piece: Piece,
        melody: Sequence[Note],
        passage: Passage,
        bars: Sequence[Bar],
        temperature: float,
        chances: NDArray[np.float32],
    ) -> None:
        first = max(0, passage.first - _KNOWN_BARS)
        request = TuneRequest(
            key=piece.key,
            metre=bars[passage.first].metre,
            bars=len(bars) - first,
            tempo=piece.tempo,
            temperature=temperature,
        )
        super().__init__(model, request)
        self._melody_at(melody)
        self._origin = bars[first].start
        self._first = (passage.first - first) * self.bar
        self._end = (passage.last - first) * self.bar
        self.plan = tuple(replace(bar, source=None) for bar in self.plan)
        existing = self._read(melody)
        around = [n for n in existing if n < self._first] or list(existing)
        units = max(self._first, self.bar)
        low, high = model.densities.get(str(request.metre), (1, 9))
        density = int(np.clip(density_class(len(around), units), low, high))
        self.densities = [density] * len(self.densities)
        self._given = {at: note for at, note in existing.items() if at < self._first}
        if passage.vary:
            self._given |= self._kept(existing, chances)

    def _melody_at(self, melody: Sequence[Note]) -> None:
        """Let the tonic lie so that the melody is in reach."""
        middle = float(np.median([note.pitch for note in melody]))
        while middle - self.tonic > 13:
            self.tonic += 12
        while middle - self.tonic < -1:
            self.tonic -= 12
        low = min(note.pitch for note in melody) - _ROOM - self.tonic - LOWEST
        high = max(note.pitch for note in melody) + _ROOM - self.tonic - LOWEST
        mode, top = self.request.key.mode, PITCHES - 1
        self.grammar = Grammar(mode, self.bar, min(max(low, 0), top), max(min(high, top), 0))

    @property
    def done(self) -> bool:
        """Whether the passage is full."""
        return self.now >= self._end

    @property
    def fraction(self) -> float:
        """Which part is read or written."""
        return self.now / self._end

    def _repeated(self) -> tuple[int, int] | None:
        if self.done:
            return None
        note = self._given.get(self.now)
        if note is None and self.now < self._first:  # read between notes: a rest to the next
            note = (REST, _longest(min(self._next(), _bar_end(self.now, self.bar)) - self.now))
        return note

    def _next(self) -> int:
        return min((at for at in self._given if at > self.now), default=self._end)

    def _drawn(self, logits: NDArray[np.float32], allowed: NDArray[np.bool_], chance: float) -> int:
        if len(allowed) == len(DURATIONS):  # a new note ends where one begins that is kept
            fits = allowed & (np.array(DURATIONS) <= self._next() - self.now)
            allowed = fits if fits.any() else allowed
        return super()._drawn(logits, allowed, chance)

    def _read(self, melody: Sequence[Note]) -> Written:
        """Return the melody in units from where reading begins, on the grid, cut at bar lines."""
        notes_read: Written = {}
        for note in melody:
            start = _unit(note.start - self._origin)
            end = max(_unit(note.end - self._origin), start + _GRID)
            index = note.pitch - self.tonic - LOWEST
            while index < 0:
                index += 12
            while index >= PITCHES:
                index -= 12
            while start < end and start >= 0:
                until = min(end, _bar_end(start, self.bar))
                length = _longest(until - start)
                notes_read[start] = (index, length)
                start += DURATIONS[length]
        return notes_read

    def _kept(
        self, existing: Mapping[int, tuple[int, int]], chances: NDArray[np.float32]
    ) -> Written:
        """Return the notes of some beats of the passage, and always the first of it."""
        preserved: Written = {}
        for at, note in existing.items():
            bar, beat = divmod(at, self.bar)
            chance = chances[bar % len(chances), beat // UNITS % chances.shape[1]]
            if self._first <= at < self._end and (at == self._first or chance < _KEPT):
                preserved[at] = note
        return preserved

    def passage(self) -> list[Note]:
        """Return the notes of the passage, at their ticks in the piece."""
        ticks = TICKS // UNITS
        notes: list[Note] = []
        now = 0
        for _, bar in sorted(self.written.items()):
            for pitch, duration in bar:
                length = DURATIONS[duration]
                if pitch != REST and now >= self._first:
                    start = self._origin + now * ticks
                    notes.append(Note(start, pitch + LOWEST + self.tonic, length * ticks))
                now += length
        return notes

    def gap_to(self, after: Note | None) -> tuple[bool, int]:
        """Return how badly the passage leads on: nothing written, and a far leap."""
        notes = self.passage()
        leap = abs(notes[-1].pitch - after.pitch) if notes and after else 0
        return not notes, max(0, leap - _FAR)


def _with(piece: Piece, notes: Sequence[Note], span: tuple[int, int]) -> Piece:
    """Return the piece whose melody has these notes between two ticks."""
    first, last = span
    melody = melody_track(piece)
    loud = round(float(np.mean([note.velocity for note in melody.notes])))
    tracks = []
    for track in piece.tracks:
        if track is melody:
            outside = [
                msgspec.structs.replace(n, length=min(n.end, first) - n.start)
                if n.start < first
                else n
                for n in track.notes
                if not first <= n.start < last
            ]
            new = [msgspec.structs.replace(note, velocity=loud) for note in notes]
            track = msgspec.structs.replace(track, notes=tuple(sorted([*outside, *new])))
        tracks.append(track)
    return msgspec.structs.replace(piece, tracks=tuple(tracks), length=max(piece.length, last))


def _unit(ticks: int) -> int:
    return round(ticks * UNITS / TICKS / _GRID) * _GRID


def _bar_end(at: int, bar: int) -> int:
    return (at // bar + 1) * bar


def _longest(units: int) -> int:
    """Return the index of the longest length that is not longer and lies on the grid."""
    fitting = [
        n for n, duration in enumerate(DURATIONS) if duration <= units and duration % _GRID == 0
    ]
    return fitting[-1] if fitting else 0
