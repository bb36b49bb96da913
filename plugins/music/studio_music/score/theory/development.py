"""What composers do with a few notes: turn them round, vary, ornament, go on. Pure functions.

Each takes the notes by their start and returns others; what moves by steps stays in the key. Chance
comes from a seed: the same one, the same notes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby, pairwise
from random import Random
from typing import Final

from msgspec.structs import replace

from studio_music.score.piece import TICKS, Key, Note

Notes = Sequence[Note]

_SIXTEENTH: Final = TICKS // 4
_EIGHTH: Final = TICKS // 2
_CHANGED: Final = 0.55
"""Share of the notes between the first and the last that a variation touches."""
_COPIES: Final = 2
_LATE, _LOUD = 7, 6
"""Ticks and velocities by which a player differs from the page, as standard deviations."""


def stepped(pitch: int, steps: int, key: Key) -> int:
    """Return a pitch so many scale steps higher; foreign pitches stay foreign."""
    scale = [tone for tone in range(128) if tone % 12 in key.scale]
    place = bisect_right(scale, pitch) - 1
    below = scale[max(0, place)]
    moved = scale[max(0, min(len(scale) - 1, max(0, place) + steps))]
    return max(0, min(127, moved + pitch - below))


def moved(notes: Notes, steps: int, key: Key) -> list[Note]:
    """Return the notes so many steps of the scale higher."""
    return [replace(note, pitch=stepped(note.pitch, steps, key)) for note in notes]


def inverted(notes: Notes, key: Key) -> list[Note]:
    """Return what goes down where the notes go up, by as many steps, from the first on."""
    scale = [tone for tone in range(128) if tone % 12 in key.scale]
    axis = bisect_right(scale, notes[0].pitch) - 1
    turned = []
    for note in notes:
        place = bisect_right(scale, note.pitch) - 1
        mirrored = scale[max(0, min(len(scale) - 1, 2 * axis - place))]
        turned.append(replace(note, pitch=max(0, min(127, mirrored + note.pitch - scale[place]))))
    return turned


def reversed_(notes: Notes) -> list[Note]:
    """Return the notes from the last to the first."""
    first, last = notes[0].start, max(note.end for note in notes)
    return sorted(replace(note, start=first + last - note.end) for note in notes)


def stretched(notes: Notes, factor: float) -> list[Note]:
    """Return the notes so many times slower, from the same start."""
    first = notes[0].start
    return [
        replace(
            note,
            start=first + round((note.start - first) * factor),
            length=max(1, round(note.length * factor)),
        )
        for note in notes
    ]


def simplified(notes: Notes, beat: int = TICKS) -> list[Note]:
    """Return the notes that begin on beats, each as long as the notes it replaces; never none."""
    end = max(note.end for note in notes)
    on_beats = [note for note in notes if note.start % beat == 0] or [notes[0]]
    starts = sorted({note.start for note in on_beats})
    following = dict(zip(starts, [*starts[1:], end]))
    return [
        replace(note, length=max(note.length, min(following[note.start], end) - note.start))
        for note in on_beats
    ]


def ornamented(notes: Notes, key: Key) -> list[Note]:
    """Return the notes with mordents, and a turn on the longest, where there is time for them."""
    longest = max(note.length for note in notes)
    ornaments: list[Note] = []
    for note in notes:
        if note.length < TICKS:
            ornaments.append(note)
        elif note.length == longest and note.length >= 2 * TICKS:
            ornaments += _figure(note, (1, 0, -1, 0), key)
        else:
            ornaments += _figure(note, (0, 1, 0), key)
    return ornaments


def humanised(notes: Notes, seed: int) -> list[Note]:
    """Return the notes as a person might play them: a little early, late, louder, softer."""
    rng, played = Random(seed), []
    for note in notes:
        start = max(0, note.start + round(rng.gauss(0, _LATE)))
        length = max(1, round(note.length * rng.uniform(0.9, 0.99)))
        velocity = max(1, min(127, note.velocity + round(rng.gauss(0, _LOUD))))
        played.append(Note(start, note.pitch, length, velocity))
    return sorted(played)


def arpeggiated(notes: Notes, step: int = _EIGHTH) -> list[Note]:
    """Return chords broken from the lowest note up, again and again while they last."""
    result: list[Note] = []
    for start, together in groupby(sorted(notes), key=lambda note: note.start):
        chord = list(together)
        if len(chord) == 1:
            result += chord
            continue
        end = max(note.end for note in chord)
        for turn, at in enumerate(range(start, end, step)):
            note = chord[turn % len(chord)]
            result.append(replace(note, start=at, length=min(step, end - at)))
    return result


def varied(notes: Notes, key: Key, seed: int) -> list[Note]:
    """Return the notes with others among them, or split; the first and the last stay."""
    rng, result = Random(seed), [notes[0]]
    for note in notes[1:-1]:
        chance, step = rng.random(), rng.choice((-1, 1))
        if chance > _CHANGED:
            result.append(note)
        elif chance > _CHANGED / 2 or note.length < _EIGHTH:
            result.append(replace(note, pitch=stepped(note.pitch, step, key)))
        else:
            half = note.length // 2
            result.append(replace(note, length=half))
            pitch = stepped(note.pitch, step, key)
            result.append(Note(note.start + half, pitch, note.length - half, note.velocity))
    return result + list(notes[1:][-1:])


def filled(notes: Notes, key: Key) -> list[Note]:
    """Return the notes with steps between them where they leap, in the time of the one before."""
    result: list[Note] = []
    for note, following in pairwise(notes):
        between = _steps_between(note.pitch, following.pitch, key)
        room = min(note.length, following.start - note.start) // _SIXTEENTH // 2
        passing = between[-room:] if room > 0 else []
        length = note.length - len(passing) * _SIXTEENTH
        if not passing or length <= 0 or following.start < note.end:
            result.append(note)
            continue
        result.append(replace(note, length=length))
        for place, pitch in enumerate(passing):
            start = note.start + length + place * _SIXTEENTH
            result.append(Note(start, pitch, _SIXTEENTH, note.velocity))
    return [*result, notes[-1]]


def continued(notes: Notes, key: Key, bar: int) -> list[Note]:
    """Return the notes, and behind them the same twice more, each time a step lower: a sequence.

    Args:
        bar: Ticks that the copies are apart by a multiple of, where the notes are that long.
    """
    first, end = notes[0].start, max(note.end for note in notes)
    unit = bar if end - first > bar // 2 else TICKS
    length = -(-(end - first) // unit) * unit
    result = list(notes)
    for copy in range(1, _COPIES + 1):
        lower = moved(notes, -copy, key)
        result += [replace(note, start=note.start + copy * length) for note in lower]
    return result


def _figure(note: Note, steps: Sequence[int], key: Key) -> list[Note]:
    """Return short notes around one, the last of which lasts until its end."""
    figure = [
        Note(note.start + place * _SIXTEENTH, stepped(note.pitch, step, key), _SIXTEENTH,
             note.velocity)
        for place, step in enumerate(steps)
    ]  # fmt: skip
    last = figure[-1]
    return [*figure[:-1], replace(last, length=note.end - last.start)]


def _steps_between(low: int, high: int, key: Key) -> list[int]:
    """Return the pitches of the scale between two, in the order from one to the other."""
    inside = [p for p in range(min(low, high) + 1, max(low, high)) if p % 12 in key.scale]
    return inside if low < high else inside[::-1]
