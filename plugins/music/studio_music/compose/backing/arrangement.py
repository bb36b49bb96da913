"""From a melody to its backing: chords first, then the players bar by bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import Final, TypeVar

import msgspec
import numpy as np

from studio_music.compose.backing import drums
from studio_music.compose.backing.bars import Bar, bars_of
from studio_music.compose.backing.bass import BassPlayer
from studio_music.compose.backing.chord_voicings import HIGHEST, Voicing, suspended, voiced
from studio_music.compose.backing.dynamics import velocity
from studio_music.compose.backing.genres import FILL, Genre, Seat, genre_of
from studio_music.compose.backing.harmony import HarmonyPlan, harmonised, slots_of
from studio_music.compose.backing.modulation import (
    KeyChange,
    Preparation,
    preparation,
    with_preparations,
    yielding,
)
from studio_music.compose.backing.pattern_notation import Rows, strokes
from studio_music.score.piece import TICKS, Chord, Key, Metre, Note, Piece, Track
from studio_music.score.theory.chord_symbols import Harmony, parsed
from studio_music.score.theory.key_detection import found_key, share_in_scale
from studio_music.score.theory.melody import BACKING_ROLES, melody_of

FILL_CHANCE: Final = 0.5
"""How often a phrase that is not the second of two ends with a fill; the second always does."""
SAME_CHANCE: Final = 0.4
"""How often the next phrase keeps the part of the one before."""

RESTRIKE = TICKS // 2
"""A chord that is held over a change is struck again where at least so much of it is left."""

IN_KEY = 0.8
"""A melody with less of it in the scale of its signature is taken to be in the key it sounds in."""

Sounding = TypeVar("Sounding", Harmony, Voicing)


def arranging(
    piece: Piece,
    genre: str,
    rng: np.random.Generator,
    loop: bool = False,
    colour: str = "",
    tension: Sequence[float] = (),
    changes: Sequence[KeyChange] = (),
    old_mode: str = "",
) -> Iterator[float | Piece]:
    """Give ``piece`` chords, bass and drums, as long as it is.

    A backing that it has is replaced. Chords that a piece brings, as lead sheets do, are kept.

    Args:
        genre: One of ``GENRES``.
        loop: Its end leads to its start, and there is no closing bar.
        colour: Of the chords, as ``HarmonyPlan``; "" for that of the genre.
        tension: For each bar 0…1; chords rub where it is high. () for even.
        changes: Where all will be moved into another key afterwards: the chord before each leads
            there, and the tune goes with it.
        old_mode: The scale that chords stay in, as ``HarmonyPlan``.

    Yields:
        The share done after each bar; the piece last.

    Raises:
        BadInput: There is no melody.
    """
    style = genre_of(genre)
    melody = melody_of(piece)
    bars = bars_of(piece)
    key = _sounding_key(piece, melody.notes)
    tint = style.colour if _is_kept(style, colour) else colour
    arrivals = frozenset(change.bar for change in changes)
    plan = HarmonyPlan(tint, loop, tuple(tension), arrivals, old_mode)
    prepared = _preparations(melody.notes, bars, key, changes)
    chords = _given(piece) or harmonised(melody.notes, bars, key, plan, rng)
    chords = with_preparations(chords, prepared, bars[-1].end)
    if prepared:
        melody = msgspec.structs.replace(melody, notes=yielding(melody.notes, prepared))
        piece = _with_melody(piece, melody)
    yield 0.1
    band = _Band(style, key, bars, chords, melody.notes, rng, plan, changes)
    for number, bar in enumerate(bars):
        band.play(bar)
        yield 0.1 + 0.9 * (number + 1) / len(bars)
    others = tuple(track for track in piece.tracks if track.role not in BACKING_ROLES)
    spelled = {preparation.start: preparation.key for preparation in prepared}
    yield msgspec.structs.replace(
        piece,
        tracks=(*others, *band.tracks()),
        chords=tuple(Chord(tick, chord.symbol(spelled.get(tick, key))) for tick, chord in chords),
    )


def _preparations(
    melody: Sequence[Note], bars: Sequence[Bar], key: Key, changes: Sequence[KeyChange]
) -> list[Preparation]:
    """Return the chord that leads to each change of key: it sounds in the slot before."""
    slots = slots_of(bars)
    ends = {bar.number + 1: bar.end for bar in bars}
    return [
        preparation(melody, slot.start, slot.end, key, change.semitones)
        for change in changes
        for slot in slots
        if slot.end == ends[change.bar]
    ]


def _with_melody(piece: Piece, melody: Track) -> Piece:
    """Return the piece with other notes in its melody."""
    old = melody_of(piece)
    tracks = tuple(melody if track is old else track for track in piece.tracks)
    return msgspec.structs.replace(piece, tracks=tracks)


def _is_kept(style: Genre, colour: str) -> bool:
    """Return whether a genre uses its own chords regardless of the requested colour."""
    return not colour or style.colour == "blues" or (colour == "clear" and style.colour != "triads")


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
        plan: HarmonyPlan,
        changes: Sequence[KeyChange],
    ) -> None:
        ends = [*(tick for tick, _ in chords[1:]), bars[-1].end]
        spans = [(tick, end, chord) for (tick, chord), end in zip(chords, ends, strict=True)]
        ceilings = _ceilings(melody, [(start, end) for start, end, _ in spans])
        voicings = voiced([chord for _, _, chord in spans], ceilings)
        self._harmonies = spans
        self._voicings = [
            (start, end, voicing) for (start, end, _), voicing in zip(spans, voicings, strict=True)
        ]
        dark = [(bar.start, bar.end) for bar in bars if plan.tint(bar) == "dark"]
        self._voicings = suspended(self._voicings, 2 * TICKS, dark)
        self._style, self._rng, self._loop = style, rng, plan.loop
        self._rises = {change.bar: change.semitones for change in changes}
        self._bass_player = BassPlayer(key, rng)
        self._parts = PartChoice(style, rng)
        self._at = self._voicing = 0
        self._chords: list[Note] = []
        self._bass: list[Note] = []
        self._drums: list[Note] = []

    def play(self, bar: Bar) -> None:
        """Play one bar; bars come in order."""
        while self._harmonies[self._at][1] <= bar.start:
            self._at += 1
        while self._voicings[self._voicing][1] <= bar.start:
            self._voicing += 1
        harmonies = _within(self._harmonies, self._at, bar)
        voicings = _within(self._voicings, self._voicing, bar)
        if bar.is_last and not self._loop:
            self._chords += closing(bar, voicings[0][2], self._rng)
            self._bass += self._bass_player.close(bar, harmonies[0][2])
            self._drums += drums.closing(bar, self._rng)
            return
        rows, beats = self._parts.rows_for(bar)
        coming = (bar.end, bar.end, self._coming(bar, self._at + len(harmonies) - 1))
        struck = comped(rows, bar, voicings, self._rng)
        begins, ends, leading = voicings[-1]
        if bar.number + 1 in self._rises and all(note.start < begins for note in struck):
            # What leads into another key is heard, even where the pattern has no stroke.
            loud = velocity("x", bar, self._rng)
            struck += [Note(begins, pitch, min(ends, bar.end) - begins, loud) for pitch in leading]
        self._chords += struck
        self._bass += self._bass_player.play(rows, bar, [*harmonies, coming])
        self._drums += drums.drummed(beats, bar, self._rng)

    def tracks(self) -> tuple[Track, ...]:
        """Return the tracks played so far."""
        style = self._style
        return (
            _track("Chords", self._chords, style.chords),
            _track("Bass", self._bass, style.bass),
            _track("Drums", self._drums, style.drums),
        )

    def _coming(self, bar: Bar, last: int) -> Harmony:
        """Return the chord after ``bar``, whose last chord has number ``last``, in its key."""
        goes_on = self._harmonies[last][1] > bar.end
        chord = self._harmonies[(last + (not goes_on)) % len(self._harmonies)][2]
        return chord.moved(self._rises.get(bar.number + 1, 0))


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
    parsed_chords = [(chord.tick, parsed(chord.symbol)) for chord in piece.chords]
    chords = [(tick, chord) for tick, chord in sorted(parsed_chords, key=itemgetter(0)) if chord]
    return [(0, chords[0][1]), *chords[1:]] if chords else []


def comped(
    rows: Rows, bar: Bar, chords: Sequence[tuple[int, int, Voicing]], rng: np.random.Generator
) -> list[Note]:
    """Return the chords of one bar.

    Args:
        chords: Start, end and voicing of what sounds in the bar.
    """
    notes = []
    for stroke in strokes(rows["chords"]):
        start = bar.start + round(stroke.start * bar.metre.bar)
        end = min(bar.end, start + round(stroke.length * bar.metre.bar))
        for begin, until, voicing in _pieces(start, end, chords):
            loud = velocity(stroke.sign, bar, rng)
            notes += [
                Note(begin, pitch, until - begin, loud) for pitch in _struck(stroke.sign, voicing)
            ]
    return notes


def closing(bar: Bar, voicing: Voicing, rng: np.random.Generator) -> list[Note]:
    """Return the last bar: the chord, held."""
    loud = velocity("x", bar, rng)
    return [Note(bar.start, pitch, bar.end - bar.start, loud) for pitch in voicing]


def _pieces(
    start: int, end: int, chords: Sequence[tuple[int, int, Voicing]]
) -> Iterator[tuple[int, int, Voicing]]:
    """Yield the stroke cut at changes of chord; short rests of it are dropped."""
    for begin, until, voicing in chords:
        first, last = max(start, begin), min(end, until)
        if first < last and (first == start or last - first >= RESTRIKE):
            yield first, last, voicing


def _struck(sign: str, voicing: Voicing) -> Voicing:
    """Return the voices of a stroke: all, or the one that a digit counts from below."""
    if not sign.isdigit():
        return voicing
    octave, place = divmod(int(sign) - 1, len(voicing))
    return (voicing[place] + 12 * octave,)


class PartChoice:
    """Chooses bar by bar; the seed decides between equally good options."""

    def __init__(self, genre: Genre, rng: np.random.Generator) -> None:
        self._genre = genre
        self._rng = rng
        self._known: dict[Metre, dict[str, tuple[Rows, ...]]] = {}
        self._phrase = -1
        self._part = ""
        self._has_fill = False

    def rows_for(self, bar: Bar) -> tuple[Rows, Rows]:
        """Return the rows of chords and bass, and those of the drums."""
        parts = self._parts_in(bar.metre)
        if bar.phrase != self._phrase:
            self._begin(bar, parts)
        main = parts[self._part][bar.place % len(parts[self._part])]
        if self._has_fill and bar.ends_phrase:
            return main, parts[FILL][0]
        return main, main

    def _begin(self, bar: Bar, parts: dict[str, tuple[Rows, ...]]) -> None:
        names = [name for name in parts if name != FILL]
        others = [name for name in names if name != self._part]
        if not self._part:
            self._part = names[0]
        elif others and (self._part not in names or self._rng.random() >= SAME_CHANCE):
            self._part = others[int(self._rng.integers(len(others)))]
        self._phrase = bar.phrase
        self._has_fill = bar.phrase % 2 == 1 or self._rng.random() < FILL_CHANCE

    def _parts_in(self, metre: Metre) -> dict[str, tuple[Rows, ...]]:
        if metre not in self._known:
            self._known[metre] = self._genre.parts_in(metre)
        return self._known[metre]
