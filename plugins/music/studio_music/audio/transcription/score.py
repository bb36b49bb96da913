"""Notes as they sounded, as a piece: on a beat, in a key, with lengths that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from studio_music.audio.transcription.beat import Beat, found_beat
from studio_music.audio.transcription.note_events import NoteEvent
from studio_music.score.piece import TICKS, Key, Metre, MetreChange, Note, Piece, Tempo, Track
from studio_music.score.theory.key_detection import ranked_keys, share_in_scale

_PARTS: Final = 4
_PART: Final = TICKS // _PARTS
_THIRD: Final = TICKS // 3
"""Of a triplet."""
_BREATH: Final = 1.3 / _PARTS
"""Beats of silence before the next note of a line that are articulation, and no rest."""

_IN_SCALE: Final = 2.0
_AT_END: Final = 0.4
"""What a scale without foreign notes and an end on the tonic count beside a correlation."""


def written(
    events: Sequence[NoteEvent],
    title: str,
    *,
    line: bool,
    bpm: float = 0.0,
    bar: int = 0,
    dotted: bool | None = None,
) -> Piece:
    """Return the piece of at least one note.

    Args:
        line: They are a melody: one note at a time.
        bpm, bar: Tempo and quarters of a bar where they are known, else 0.
        dotted: It is in 6/8; None: that is found out.
    """
    starts = np.array([event.start for event in events])
    ends = np.array([event.end for event in events])
    strengths = np.array([event.strength for event in events])
    beat = found_beat(starts, ends, strengths, bpm, bar, dotted)
    notes = _line(events, beat) if line else _chords(events, beat)
    key = _key(notes)
    metre = Metre(6, 8) if beat.dotted else Metre(beat.bar, 4)
    track = Track("Melody" if line else "Notes", notes, role="melody" if line else "")
    last = max(note.end for note in notes)
    return Piece(
        title,
        key,
        (Tempo(0, float(np.clip(round(beat.bpm, 1), 20, 400))),),
        (MetreChange(0, metre),),
        -(-last // metre.bar) * metre.bar,
        tracks=(track,),
    )


def _key(notes: Sequence[Note]) -> Key:
    """Return the key that fits the notes; most pieces end on their tonic."""
    final = min((note for note in notes if note.end == max(n.end for n in notes)), default=None)

    def fits(ranked: tuple[float, Key]) -> float:
        score, key = ranked
        ends = final is not None and final.pitch % 12 == key.pitch_class
        return score + _IN_SCALE * share_in_scale(notes, key) + _AT_END * ends

    ranked = ranked_keys(notes)
    return max(ranked, key=fits)[1] if ranked else Key()


def _line(events: Sequence[NoteEvent], beat: Beat) -> tuple[Note, ...]:
    """Return notes one after another; the strongest where two fall on one place."""
    notes_by_tick: dict[int, tuple[float, Note]] = {}
    for event, place, end in zip(events, beat.places.tolist(), beat.ends.tolist()):
        note = _note(event, place, end)
        if note.start not in notes_by_tick or notes_by_tick[note.start][0] < event.strength:
            notes_by_tick[note.start] = (event.strength, note)
    notes = [note for _strength, note in sorted(notes_by_tick.values(), key=lambda pair: pair[1])]
    joined = []
    for note, following in zip(notes, [*notes[1:], None]):
        end = note.end
        if following is not None:
            near = following.start - end <= _BREATH * TICKS
            end = following.start if near else min(end, following.start)
        joined.append(Note(note.start, note.pitch, end - note.start, note.velocity))
    return tuple(joined)


def _chords(events: Sequence[NoteEvent], beat: Beat) -> tuple[Note, ...]:
    """Return notes that may sound together; those of one pitch do not."""
    last: dict[int, Note] = {}
    result: list[Note] = []
    for event, place, end in zip(events, beat.places.tolist(), beat.ends.tolist()):
        note = _note(event, place, end)
        before = last.get(note.pitch)
        if before is not None and before.end > note.start:
            result.remove(before)
            if before.start < note.start:
                length = note.start - before.start
                result.append(Note(before.start, before.pitch, length, before.velocity))
        result.append(note)
        last[note.pitch] = note
    return tuple(sorted(result))


def _note(event: NoteEvent, place: float, end: float) -> Note:
    start = round(place * TICKS)
    part = _PART if start % _PART == 0 else _THIRD
    parts = max(1, round((end - place) * TICKS / part))
    return Note(start, event.pitch, parts * part, round(40 + 72 * min(1.0, event.strength)))
