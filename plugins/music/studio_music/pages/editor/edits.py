"""Edits of a piece: each takes one and returns another, with its new selection. No Qt.

Within a track two notes of one pitch never sound at once after an edit: the note that was edited
stands, and one that runs into it ends where it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from studio_music.pages.editor.grid import bar_line_after, snapped
from studio_music.score.piece import (
    MAX_LYRIC,
    MAX_QUARTERS,
    MAX_TRACKS,
    TICKS,
    Dynamic,
    Key,
    Metre,
    MetreChange,
    Note,
    Piece,
    Tempo,
    Track,
    singing,
)
from studio_music.score.theory.dynamics import accented

Notes = frozenset[Note]
NONE: Notes = frozenset()
_END = MAX_QUARTERS * TICKS


class Edited(NamedTuple):
    """A piece, and the notes that are selected in the track that was edited."""

    piece: Piece
    selected: Notes = NONE


# --- notes ----------------------------------------------------------------------------------------


def add(piece: Piece, track: int, notes: Iterable[Note]) -> Edited:
    """Put notes into a track and select them."""
    return _put(piece, track, NONE, notes)


def remove(piece: Piece, track: int, chosen: Notes) -> Edited:
    """Take notes out."""
    return _put(piece, track, chosen, ())


def exchange(piece: Piece, track: int, chosen: Notes, notes: Iterable[Note]) -> Edited:
    """Put notes in the place of others and select them; none reaches behind the longest piece."""
    return _put(piece, track, chosen, [note for note in notes if note.end <= _END])


def move(piece: Piece, track: int, chosen: Notes, ticks: int, pitches: int) -> Edited:
    """Move notes as one, as far as the first of them can go."""
    if not chosen:
        return Edited(piece)
    ticks = max(ticks, -min(note.start for note in chosen))
    ticks = min(ticks, _END - max(note.end for note in chosen))
    pitches = max(pitches, -min(note.pitch for note in chosen))
    pitches = min(pitches, 127 - max(note.pitch for note in chosen))
    moved = [replace(n, start=n.start + ticks, pitch=n.pitch + pitches) for n in chosen]
    return _put(piece, track, chosen, moved)


def copy_to(piece: Piece, track: int, chosen: Notes, ticks: int, pitches: int) -> Edited:
    """Put copies of notes where ``move`` would put them."""
    moved = move(piece, track, chosen, ticks, pitches).selected
    return _put(piece, track, NONE, moved) if moved != chosen else Edited(piece, chosen)


def resize(piece: Piece, track: int, chosen: Notes, ticks: int, shortest: int = 1) -> Edited:
    """Move the ends of notes; none becomes shorter than ``shortest`` (or than it was)."""

    def longer(note: Note) -> Note:
        length = max(note.length + ticks, min(shortest, note.length))
        return replace(note, length=min(length, _END - note.start))

    return _put(piece, track, chosen, map(longer, chosen))


def louder(piece: Piece, track: int, chosen: Notes, by: int) -> Edited:
    """Change velocities by so much."""
    return _each(piece, track, chosen, lambda n: replace(n, velocity=_loud(n.velocity + by)))


def set_velocity(piece: Piece, track: int, chosen: Notes, velocity: int) -> Edited:
    """Give notes one velocity."""
    return _each(piece, track, chosen, lambda n: replace(n, velocity=_loud(velocity)))


def set_lyric(piece: Piece, track: int, note: Note, lyric: str, verse: int = 0) -> Edited:
    """Let a syllable be sung on a note; "" for none. ``verse``: 0 for the first."""
    syllables = [*note.sung, *[""] * (verse + 1)][: max(len(note.sung), verse + 1)]
    syllables[verse] = lyric[:MAX_LYRIC]
    return _each(piece, track, frozenset({note}), lambda n: replace(n, **singing(syllables)))


def set_accent(piece: Piece, track: int, chosen: Notes, accent: str) -> Edited:
    """Put an accent over notes, which makes them louder; "" takes theirs away."""
    return _each(piece, track, chosen, lambda note: accented(note, accent))


def quantise(piece: Piece, track: int, chosen: Notes, snap: int, *, ends: bool = False) -> Edited:
    """Move notes to the nearest place of the grid; with ``ends``, their ends too."""
    return _put(piece, track, chosen, quantised(piece, chosen, snap, ends=ends))


def quantised(piece: Piece, notes: Iterable[Note], snap: int, *, ends: bool = False) -> list[Note]:
    """Return notes at the nearest places of the grid; with ``ends``, their ends too."""

    def straight(note: Note) -> Note:
        start = snapped(piece, note.start, snap)
        if not ends:
            return replace(note, start=start)
        return replace(note, start=start, length=max(snap, snapped(piece, note.end, snap) - start))

    return [straight(note) for note in notes]


def paste(piece: Piece, track: int, notes: Iterable[Note], at: int) -> Edited:
    """Put copies of ``notes`` so that the first begins at ``at``."""
    copies = list(notes)
    first = min((note.start for note in copies), default=0)
    placed = (replace(note, start=note.start - first + at) for note in copies)
    return _put(piece, track, NONE, [note for note in placed if note.end <= _END])


def duplicate(piece: Piece, track: int, chosen: Notes, snap: int) -> Edited:
    """Put copies right behind the selection, its length rounded up to the grid."""
    if not chosen:
        return Edited(piece)
    first = min(note.start for note in chosen)
    length = max(note.end for note in chosen) - first
    return paste(piece, track, chosen, first + -(-length // max(1, snap)) * max(1, snap))


def within(track: Track, start: float, end: float, low: int, high: int) -> Notes:
    """Return the notes that touch a box of ticks and pitches."""
    return frozenset(
        note
        for note in track.notes
        if note.start < end and note.end > start and low <= note.pitch <= high
    )


def neighbour(track: Track, chosen: Notes, step: int, at: int = 0) -> Note | None:
    """Return the note after (``step`` 1) or before (−1) the selection, or the nearest to ``at``."""
    notes = track.notes
    if not notes:
        return None
    places = [place for place, note in enumerate(notes) if note in chosen]
    if not places:
        ahead = [note for note in notes if note.start >= at]
        return ahead[0] if ahead and step > 0 else max(notes[: len(notes) - len(ahead)] or notes)
    place = (places[-1] if step > 0 else places[0]) + step
    return notes[max(0, min(place, len(notes) - 1))]


# --- tracks ---------------------------------------------------------------------------------------


def set_track(piece: Piece, track: int, **changes: Any) -> Piece:
    """Change a track: its name, program, volume, …"""
    tracks = list(piece.tracks)
    tracks[track] = replace(tracks[track], **changes)
    return replace(piece, tracks=tuple(tracks))


def add_track(piece: Piece, track: Track) -> Piece:
    """Put a track below the others; as it is where there are too many already."""
    if len(piece.tracks) >= MAX_TRACKS:
        return piece
    return replace(piece, tracks=(*piece.tracks, track))


def with_player(piece: Piece, track: Track, span: tuple[int, int]) -> Piece:
    """Put the notes of a player into the track of its role between two ticks, or add its track."""
    for place, existing in enumerate(piece.tracks):
        if existing.role == track.role:
            return set_track(piece, place, notes=_exchanged(existing, track, span))
    return add_track(piece, track)


def with_bars(piece: Piece, other: Piece, span: tuple[int, int]) -> Piece:
    """Return the piece with the bars of another version between two ticks.

    Tracks that have a role take what that role plays there; others the track in their place.
    """
    by_role = {track.role: track for track in other.tracks if track.role}
    tracks = []
    for place, track in enumerate(piece.tracks):
        same = other.tracks[place] if place < len(other.tracks) else None
        partner = by_role.get(track.role) if track.role else same
        if partner is not None and partner.drums == track.drums:
            signs = _exchanged_signs(track, partner, span)
            track = replace(track, notes=_exchanged(track, partner, span), dynamics=signs)
        tracks.append(track)
    first, last = span
    outside = [chord for chord in piece.chords if not first <= chord.tick < last]
    taken = [chord for chord in other.chords if first <= chord.tick < last]
    chords = tuple(sorted((*outside, *taken), key=lambda chord: chord.tick))
    return replace(piece, tracks=tuple(tracks), chords=chords)


def _exchanged(track: Track, other: Track, span: tuple[int, int]) -> tuple[Note, ...]:
    """Return the notes of a track with those of another between two ticks; none crosses them."""
    first, last = span
    outside = [
        replace(note, length=min(note.end, first) - note.start) if note.start < first else note
        for note in track.notes
        if not first <= note.start < last
    ]
    taken = [
        replace(note, length=min(note.end, last) - note.start)
        for note in other.notes
        if first <= note.start < last
    ]
    return tuple(sorted((*outside, *taken)))


def _exchanged_signs(track: Track, other: Track, span: tuple[int, int]) -> tuple[Dynamic, ...]:
    """Return the dynamics of a track with those of another between two ticks; none crosses them."""
    first, last = span
    outside = [
        replace(dynamic, end=min(dynamic.end, first))
        if dynamic.end and dynamic.tick < first
        else dynamic
        for dynamic in track.dynamics
        if not first <= dynamic.tick < last
    ]
    taken = [
        replace(dynamic, end=min(dynamic.end, last)) if dynamic.end else dynamic
        for dynamic in other.dynamics
        if first <= dynamic.tick < last
    ]
    return tuple(sorted((*outside, *taken)))


def remove_track(piece: Piece, track: int) -> Piece:
    """Take a track out."""
    return replace(piece, tracks=piece.tracks[:track] + piece.tracks[track + 1 :])


def as_melody(piece: Piece, track: int) -> Piece:
    """Return the piece with this track, and no other, in the role of the melody."""
    tracks = [
        replace(t, role="melody" if place == track else "" if t.role == "melody" else t.role)
        for place, t in enumerate(piece.tracks)
    ]
    return replace(piece, tracks=tuple(tracks))


def melody_track(piece: Piece) -> int:
    """Return the track that is the melody: by its role, else the first with notes but no drums."""
    for place, track in enumerate(piece.tracks):
        if track.role in ("melody", "soprano"):
            return place
    sounding = [p for p, track in enumerate(piece.tracks) if track.notes and not track.drums]
    return sounding[0] if sounding else 0


# --- the whole piece ------------------------------------------------------------------------------


def set_tempo(piece: Piece, bpm: float) -> Piece:
    """Set the tempo at the start; changes further on keep their proportion to it."""
    low, high = 20.0, 400.0
    factor = bpm / piece.tempo
    tempos = [Tempo(t.tick, min(high, max(low, round(t.bpm * factor, 3)))) for t in piece.tempos]
    return replace(piece, tempos=tuple(tempos))


def set_key(piece: Piece, key: Key) -> Piece:
    """Set the key signature; the notes stay."""
    return replace(piece, key=key)


def set_metre(piece: Piece, metre: Metre) -> Piece:
    """Set the time signature of the whole piece; the notes stay."""
    changed = replace(piece, metres=(MetreChange(0, metre),), pickup=0)
    return replace(changed, length=bar_line_after(changed, changed.end))


def transpose(piece: Piece, semitones: int) -> Piece:
    """Move every note but the drums, and the key; chord symbols are dropped where it is unclear.

    As it is where a note would leave the range of MIDI.
    """
    tracks = []
    for place, track in enumerate(piece.tracks):
        if track.drums or not track.notes:
            tracks.append(track)
            continue
        moved = move(piece, place, frozenset(track.notes), 0, semitones)
        if {n.pitch + semitones for n in track.notes} != {n.pitch for n in moved.selected}:
            return piece
        tracks.append(moved.piece.tracks[place])
    fifths = (piece.key.fifths + 7 * semitones + 6) % 12 - 6
    key = Key.of_fifths(fifths, piece.key.mode)
    return replace(piece, tracks=tuple(tracks), key=key, chords=())


# --- inside ---------------------------------------------------------------------------------------


def _put(piece: Piece, track: int, gone: Notes, new: Iterable[Note]) -> Edited:
    """Take ``gone`` out of a track and put ``new`` in; the piece grows by whole bars if it must."""
    fresh = _apart(set(new))
    remaining = [note for note in piece.tracks[track].notes if note not in gone]
    notes = tuple(sorted([*_make_room(remaining, fresh), *fresh]))
    changed = set_track(piece, track, notes=notes)
    if changed.end > piece.length:
        changed = replace(changed, length=bar_line_after(changed, changed.end))
    return Edited(changed, frozenset(fresh))


def _each(piece: Piece, track: int, chosen: Notes, change: Callable[[Note], Note]) -> Edited:
    """Change notes that stay where they are: nothing else is touched."""
    changed = {note: change(note) for note in chosen}
    notes = tuple(changed.get(note, note) for note in piece.tracks[track].notes)
    return Edited(set_track(piece, track, notes=tuple(sorted(notes))), frozenset(changed.values()))


def _apart(notes: set[Note]) -> list[Note]:
    """Return ``notes`` so that none of a pitch runs into the next."""
    apart: dict[tuple[int, int], Note] = {}
    last: dict[int, Note] = {}
    for note in sorted(notes):
        before = last.get(note.pitch)
        if before is not None and before.start == note.start:
            del apart[(before.pitch, before.start)]
        elif before is not None and before.end > note.start:
            shorter = replace(before, length=note.start - before.start)
            apart[(before.pitch, before.start)] = shorter
        apart[(note.pitch, note.start)] = last[note.pitch] = note
    return list(apart.values())


def _make_room(notes: list[Note], fresh: list[Note]) -> list[Note]:
    """Return the old notes without those that ``fresh`` notes cover, cut off where they begin."""
    by_pitch: dict[int, list[Note]] = {}
    for note in fresh:
        by_pitch.setdefault(note.pitch, []).append(note)
    room = []
    for note in notes:
        rest: Note | None = note
        for other in by_pitch.get(note.pitch, ()):
            if rest is None or other.start >= rest.end or other.end <= rest.start:
                continue
            covered = other.start <= rest.start
            rest = None if covered else replace(rest, length=other.start - rest.start)
        if rest is not None:
            room.append(rest)
    return room


def _loud(velocity: int) -> int:
    return max(1, min(127, velocity))
