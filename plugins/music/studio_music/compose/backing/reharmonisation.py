"""Lets chords and players follow bars of a tune that were written anew; all else stays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np
from msgspec.structs import replace

from studio_music.compose.backing.bars import bars_of
from studio_music.compose.backing.harmony import HarmonyPlan, harmonised
from studio_music.score.piece import Chord, Note, Piece, Track
from studio_music.score.theory.chord_symbols import Harmony, parsed
from studio_music.score.theory.melody import melody_of

Chords = list[tuple[int, Harmony]]


def reharmonised(piece: Piece, span: tuple[int, int], rng: np.random.Generator) -> Piece:
    """Give the ticks of ``span`` chords for the tune that is there now.

    The players keep their patterns: a tone of the old chord becomes the same tone of the new one.
    Twelve bars of the blues stay, as they do under every tune, and so do chords not understood.
    """
    read = ((chord.tick, parsed(chord.symbol)) for chord in piece.chords)
    old: Chords = sorted(((t, chord) for t, chord in read if chord), key=itemgetter(0))
    bars, melody, key = bars_of(piece), melody_of(piece).notes, piece.key
    twelve = [HarmonyPlan("blues", loop) for loop in (False, True)]
    blues = [harmonised(melody, bars, key, plan, rng) for plan in twelve]
    if not old or old in blues:
        return piece
    begin, end = span
    sevenths = sum(len(chord.tones) > 3 for _, chord in old) * 2 > len(old)
    plan = HarmonyPlan("sevenths" if sevenths else "triads", old[-1][1].root != key.pitch_class)
    around = [(t, chord) for bar in bars for t in _halves(bar.start, bar.end)
              if not begin <= t < end and (chord := _at(old, t))]  # fmt: skip
    free = harmonised(melody, bars, key, plan, rng, dict(around))
    ticks = sorted({begin, end, *(t for t, _ in (*old, *free) if begin < t < end)})
    new = [(t, chord) for t in ticks[:-1] if (chord := _at(free, t))]
    after = [(end, chord) for chord in [_at(old, end)] if chord and end < piece.end]
    chords = [*((t, c) for t, c in old if t < begin), *new, *after,
              *((t, c) for t, c in old if t > end)]  # fmt: skip
    chords = chords[:1] + [now for before, now in pairwise(chords) if before[1] != now[1]]
    tracks = tuple(
        replace(track, notes=tuple(_apart(_following(track, old, new, span))))
        if track.role in ("chords", "bass") and track.notes
        else track
        for track in piece.tracks
    )
    symbols = tuple(Chord(t, chord.symbol(key)) for t, chord in chords)
    return replace(piece, chords=symbols, tracks=tracks)


def _halves(start: int, end: int) -> tuple[int, int]:
    return start, (start + end) // 2


def _at(chords: Chords, tick: int) -> Harmony | None:
    """Return the chord that sounds at a tick; before the first, that one."""
    place = bisect_right(chords, tick, key=itemgetter(0)) - 1
    return chords[max(place, 0)][1] if chords else None


def _following(track: Track, old: Chords, new: Chords, span: tuple[int, int]) -> Iterator[Note]:
    """Yield the notes of a player, in the span under the new chords, cut where they change."""
    low = min(note.pitch for note in track.notes)
    high = max(note.pitch for note in track.notes)
    for note in track.notes:
        first, last = max(note.start, span[0]), min(note.end, span[1])
        cuts = sorted({note.start, note.end, *(
            t for t in (*span, *(t for t, _ in new)) if first < t < last
            and _at(old, t) != _at(new, t)
        )})  # fmt: skip
        for start, end in pairwise(cuts):
            pitch = note.pitch
            before, now = _at(old, start), _at(new, start)
            if span[0] <= start < span[1] and before and now and before != now:
                pitch = _moved(pitch, before, now, track.role == "bass")
                pitch += 12 * (pitch < low) - 12 * (pitch > high)
            yield replace(note, start=start, length=end - start, pitch=pitch)


def _moved(pitch: int, old: Harmony, new: Harmony, bass: bool) -> int:
    """Return the nearest pitch that is to the new chord as ``pitch`` is to the old one."""
    tone = pitch % 12
    if bass and tone == old.lowest:
        targets: Sequence[int] = (new.lowest,)
    elif tone in old.tones:
        targets = (new.tones[old.tones.index(tone) % len(new.tones)],)
    else:
        targets = new.tones
    return min(
        (pitch + (target - pitch + 6) % 12 - 6 for target in targets), key=lambda p: abs(p - pitch)
    )


def _apart(notes: Iterator[Note]) -> list[Note]:
    """Return notes in order, each ended where the same pitch begins again."""
    sounding: dict[int, Note] = {}
    apart: list[Note] = []
    for note in sorted(notes):
        before = sounding.get(note.pitch)
        if before and before.end > note.start:
            apart.remove(before)
            if before.start < note.start:
                apart.append(replace(before, length=note.start - before.start))
        sounding[note.pitch] = note
        apart.append(note)
    return sorted(apart)
