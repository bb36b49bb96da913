"""Notes from the network's activations: by thresholds, lengths and a few rules of acoustics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput
from studio_music.audio.transcription.activations import FRAMES_A_SECOND, Activations, Floats
from studio_music.audio.transcription.network import LOWEST

MOST: Final = 20_000
"""Notes of a recording; noise would give any number."""

_SOUNDING = 0.3
_SURE = 0.45
"""What a note that nothing begins must reach once."""
_BEGINS = 0.5
_GAP = 5
"""Frames for which a note may be too soft to be heard without ending."""
_AGAIN = 6
"""Frames between two onsets of one pitch, at least."""
_ATTACK = 10
"""Frames in which a note that is played again gets louder."""
_DYING = 0.5
"""Of the level before: what is softer was not played again but let go."""
_SHADOW = 0.75
"""Of the strength of a note: fainter neighbours and harmonics come from it."""
_HARMONICS = (12, 19, 24, 28, 31)
_AT_ONCE = 0.045
_FAINT = 0.6
"""Of the strength of a note: what begins within it and is fainter is no note of the same voice."""
_TOGETHER = 4
"""Frames within which a note and its harmonics begin."""


class NoteEvent(NamedTuple):
    """One note as it sounded: ``start`` and ``end`` in seconds, how sure and loud it was, 0…1."""

    start: float
    end: float
    pitch: int
    strength: float


def note_events(activations: Activations, sensitivity: float, shortest: float) -> list[NoteEvent]:
    """Return the notes by their start.

    Args:
        sensitivity: 0…1; at 0.5 the thresholds are those the network was made for.
        shortest: Seconds; what is shorter is no note.

    Raises:
        BadInput: There are far more than music has.
    """
    lower = 1.0 + (0.5 - sensitivity)
    fewest = max(2, round(shortest * FRAMES_A_SECOND))
    onsets = np.maximum(activations.onsets, _rises(activations))
    candidates: list[NoteEvent] = []
    for place in range(activations.notes.shape[1]):
        notes, begins = activations.notes[:, place], onsets[:, place]
        for start, end in _struck(_spans(notes, begins, lower), activations.levels):
            if end - start >= fewest:
                strength = float(notes[start:end].mean())
                candidates.append(NoteEvent(start, end, place + LOWEST, strength))
        if len(candidates) > MOST:
            raise BadInput(
                f"More than {MOST:,} notes were heard: this is noise, or too much at once.",
                "Choose a shorter or clearer recording, or a lower sensitivity.",
            )
    events = _without_shadows(sorted(candidates))
    return [
        event._replace(start=event.start / FRAMES_A_SECOND, end=event.end / FRAMES_A_SECOND)
        for event in events
    ]


def one_line(events: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Return the notes of one voice: each ends where the next begins, for what sounds on is the
    room. Of notes that begin together the strongest is kept."""
    line: list[NoteEvent] = []
    for event in sorted(events):
        if line and event.start < line[-1].end:
            last = line[-1]
            if event.start - last.start < _AT_ONCE:
                line[-1] = max(last, event, key=_weight)
                continue
            if event.strength < _FAINT * last.strength:
                continue
            line[-1] = last._replace(end=event.start)
        line.append(event)
    return line


def _weight(event: NoteEvent) -> float:
    return event.strength * float(np.sqrt(event.end - event.start))


def overlap(events: Sequence[NoteEvent]) -> float:
    """Return which part of the sounding time has more than one note, 0…1."""
    edges = sorted([(e.start, 1) for e in events] + [(e.end, -1) for e in events])
    alone = together = 0.0
    sounding, before = 0, 0.0
    for at, change in edges:
        if sounding == 1:
            alone += at - before
        elif sounding > 1:
            together += at - before
        sounding, before = sounding + change, at
    return together / (alone + together) if together else 0.0


def _rises(activations: Activations) -> Floats:
    """Return how fast each pitch becomes likelier, scaled to the onsets: some have no attack."""
    padded = np.pad(activations.notes, ((2, 0), (0, 0)))
    rise = np.minimum(padded[2:] - padded[1:-1], padded[2:] - padded[:-2])
    rise[:2] = 0
    most = float(rise.max(initial=0.0))
    if most <= 0:
        return np.zeros_like(activations.onsets)
    return np.asarray(np.maximum(rise, 0) * (float(activations.onsets.max()) / most), np.float32)


def _spans(notes: Floats, begins: Floats, lower: float) -> Iterator[tuple[int, int]]:
    """Yield the first frame of each note of one pitch and the one behind its last."""
    edges = np.diff(np.pad((notes > _SOUNDING * lower).astype(np.int8), 1))
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    if not len(starts):
        return
    apart = starts[1:] - ends[:-1] > _GAP
    starts, ends = starts[np.r_[True, apart]], ends[np.r_[apart, True]]
    peaks = _peaks(begins, _BEGINS * lower)
    for start, end in zip(starts.tolist(), ends.tolist()):
        inside = peaks[(peaks >= start - _GAP) & (peaks < end - 1)].tolist()
        if inside:
            # What sounds before the first onset is the room, or the note of a neighbour.
            if inside[0] - start > _AGAIN and notes[start : inside[0]].max() > _SURE * lower:
                inside.insert(0, start)
            yield from zip(inside, [*inside[1:], end])
        elif notes[start:end].max() > _SURE * lower:
            yield start, end


def _struck(spans: Iterable[tuple[int, int]], levels: Floats) -> Iterator[tuple[int, int]]:
    """Yield the spans; one that only goes on from another while the sound dies away is its end."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if last is not None and last[1] == start:
            before = levels[max(last[0], start - _ATTACK) : start].max()
            if levels[start : start + _ATTACK].max() < _DYING * before:
                last = (last[0], end)
                continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last


def _peaks(values: Floats, least: float) -> NDArray[np.int64]:
    """Return where ``values`` has a peak that is high enough and not too near a higher one."""
    around = np.pad(values, 1)
    high = (values >= least) & (values > around[:-2]) & (values >= around[2:])
    peaks: list[int] = []
    for at in np.flatnonzero(high).tolist():
        if peaks and at - peaks[-1] < _AGAIN:
            if values[at] > values[peaks[-1]]:
                peaks[-1] = at
        else:
            peaks.append(at)
    return np.array(peaks, np.int64)


def _without_shadows(events: list[NoteEvent]) -> list[NoteEvent]:
    """Return the notes without those that are neighbours or harmonics of stronger ones."""
    lasting = []
    for place, event in enumerate(events):
        shadow = any(_is_shadow(event, other) for other in _around(events, place))
        if not shadow:
            lasting.append(event)
    return lasting


def _around(events: list[NoteEvent], place: int) -> Iterator[NoteEvent]:
    """Yield the notes that may sound together with one, both ways as far as a few seconds."""
    event, far = events[place], 4 * FRAMES_A_SECOND
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(events) and abs(events[at].start - event.start) < far:
            yield events[at]
            at += step


def _is_shadow(event: NoteEvent, other: NoteEvent) -> bool:
    shared = min(event.end, other.end) - max(event.start, other.start)
    if shared <= 0.5 * (event.end - event.start) or event.strength > _SHADOW * other.strength:
        return False
    apart = event.pitch - other.pitch
    together = abs(event.start - other.start) <= _TOGETHER
    return abs(apart) == 1 or (together and apart in _HARMONICS)
