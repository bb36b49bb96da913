"""Checks of a piece, each with its evidence in words.

Judges only; mends nothing. A verdict is no promise that the music is good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec

from studio.api import BadInput, Check, Verdict
from studio_music.compose.prompt.request import TuneRequest
from studio_music.score.piece import TICKS, Key, Metre, Note, Piece, checked
from studio_music.score.theory.key_detection import (
    are_close,
    pitched_notes,
    ranked_keys,
    share_in_scale,
)
from studio_music.score.theory.melody import melody_of
from studio_music.score.theory.ranges import range_of
from studio_music.score.theory.voice_leading import SIXTEENTH, Leading, leading_of, rows_of

LEAST_FIT: Final = 0.66
"""Of the beats, a tone of the chord counting whole, a tension half. What is composed here has 0.73
to 1 and mostly 0.9; under chords a semitone or a tritone off it has 0.4."""

FEWEST_BEATS: Final = 12
"""Fewer say nothing."""

_STEP: Final = 2
"""Semitones by which what is suspended goes to its chord."""


def share_that_fits(piece: Piece, key: Key) -> float | None:
    """Return the share of the beats where the tune fits the chords; None without enough of both."""
    struck = [note for track in piece.tracks if track.role == "chords" for note in track.notes]
    if not struck:
        return None
    melody = melody_of(piece).notes
    fits = []
    at = chord_at = 0
    for start, end, beats in _slots(piece):
        while chord_at < len(struck) and struck[chord_at].end <= start:
            chord_at += 1
        tones = {n.pitch % 12 for n in struck[chord_at:] if n.start < end and n.end > start}
        for beat in beats if tones else ():
            while at < len(melody) and melody[at].end <= beat:
                at += 1
            if at < len(melody) and melody[at].start <= beat:
                following = melody[at + 1] if at + 1 < len(melody) else None
                fits.append(_fit(melody[at], following, tones, key))
    return sum(fits) / len(fits) if len(fits) >= FEWEST_BEATS else None


def _slots(piece: Piece) -> Iterator[tuple[int, int, range]]:
    """Yield where one chord sounds: bars, and halves of long even ones; each with its beats."""
    starts = [*piece.bar_starts()[bool(piece.pickup) :], piece.end]
    for start, end in pairwise(starts):
        metre = [change.metre for change in piece.metres if change.tick <= start][-1]
        is_long = metre.bar >= 4 * TICKS and metre.beats % 2 == 0
        slot = metre.bar // 2 if is_long else metre.bar
        for begin in range(start, end, slot):
            yield begin, min(begin + slot, end), range(begin, min(begin + slot, end), _beat(metre))


def _beat(metre: Metre) -> int:
    compound = metre.unit == 8 and metre.beats % 3 == 0
    return TICKS * 3 // 2 if compound else TICKS


def _fit(note: Note, following: Note | None, tones: set[int], key: Key) -> float:
    """Return 1 for a tone of the chord, ½ for a tension or what goes to a tone by step, else 0."""
    tone = note.pitch % 12
    if tone in tones:
        return 1.0
    rubs = (tone - 1) % 12 in tones
    if tone in key.scale and not rubs:
        return 0.5
    if following is None or following.start > note.end or following.pitch % 12 not in tones:
        return 0.0
    return 0.5 if abs(following.pitch - note.pitch) <= _STEP else 0.0


LONGEST_BARS: Final = 4
LONGEST_QUARTERS: Final = 16
"""A note longer than both is taken for one that was never let go."""

LONGEST_GAP_BARS: Final = 2
"""Longer than this nothing may be silent in a piece."""

MOST_PACE_OFF: Final = 0.08
"""How far the average pace may be from the asked tempo where the pace follows the tension."""
MOST_SECONDS_OFF: Final = 0.05

MOST_PARALLELS: Final = 1.0
"""Parallel fifths and octaves a hundred moves; Bach's chorales have 0.3."""

IN_SCALE: Final = 0.9
"""Share of the sounding time that lies in the key, where only the end tells it from a close one."""


def check_piece(piece: Piece, request: TuneRequest | None = None) -> Verdict:
    """Return the verdict about a piece; with a ``request``, also whether it is as asked."""
    key = request.key if request else piece.key
    checks = [
        _parses(piece),
        _ranges(piece),
        _stuck(piece),
        _overlaps(piece),
        _bars(piece),
        _silence(piece),
        _key(_unlifted(piece, request), key, request.scale if request else ""),
    ]
    fit = share_that_fits(_unlifted(piece, request), key)
    if fit is not None:
        seen = f"the tune fits its chords to {fit:.0%}, at least {LEAST_FIT:.0%} is expected"
        checks.append(Check("melody fits chords", fit >= LEAST_FIT, seen))
    rows = rows_of(piece)
    if rows:
        checks.append(_voice_leading(piece, leading_of(rows)))
    if request:
        checks += [_tempo(piece, request), _metre(piece, request), _length(piece, request)]
    return Verdict(tuple(checks))


def check_file(payload: bytes) -> Verdict:
    """Return the verdict about the bytes of a score's file."""
    from studio_music.score import formats

    try:
        return check_piece(formats.read(bytes(payload)).piece)
    except BadInput as error:
        return Verdict((Check("parses", False, error.message),))


# --- notes ------------------------------------------------------------------------------------


def _parses(piece: Piece) -> Check:
    """Whether a MIDI file of it holds the same notes when it is read again."""
    from studio_music.score.formats.midi import files

    try:
        again = files.read(files.write(checked(piece))).piece
    except BadInput as error:
        return Check("parses", False, error.message)
    lost = _events(piece) - _events(again)
    count = sum(len(track.notes) for track in piece.tracks)
    if lost or _events(again) - _events(piece):
        return Check(
            "parses",
            False,
            f"{sum(lost.values())} note starts or ends are lost when the file is read back",
        )
    return Check("parses", True, f"all {count} notes are unchanged when the file is read back")


def _ranges(piece: Piece) -> Check:
    for track in piece.tracks:
        low, high = range_of(track)
        outside = [note for note in track.notes if not low <= note.pitch <= high]
        if outside:
            at = _place(piece, outside[0])
            return Check(
                "ranges",
                False,
                f"{_called(track.name)} has {_counted(outside)} outside {low}–{high}, the first "
                f"{at}: {outside[0].pitch}",
            )
    return Check("ranges", True, "all notes are playable")


def _stuck(piece: Piece) -> Check:
    limit = max(LONGEST_BARS * piece.metre.bar, LONGEST_QUARTERS * TICKS)
    for track in piece.tracks:
        held = [note for note in track.notes if note.length > limit]
        if held:
            return Check(
                "no stuck notes",
                False,
                f"{_called(track.name)} has {_counted(held)} longer than {limit // TICKS} beats, "
                f"the first {_place(piece, held[0])}",
            )
    longest = max((n.length for t in piece.tracks for n in t.notes), default=0)
    return Check("no stuck notes", True, f"longest note: {longest / TICKS:g} beats")


def _overlaps(piece: Piece) -> Check:
    for track in piece.tracks:
        double = list(_doubled(track.notes))
        if double:
            return Check(
                "no overlaps",
                False,
                f"{_called(track.name)} has {_counted(double)} that start while the same pitch "
                f"is still sounding, the first {_place(piece, double[0])}",
            )
    return Check("no overlaps", True, "no note overlaps another of the same pitch")


def _doubled(notes: Iterable[Note]) -> Iterator[Note]:
    ends: dict[int, int] = {}
    for note in sorted(notes):
        if note.start < ends.get(note.pitch, 0):
            yield note
        ends[note.pitch] = max(note.end, ends.get(note.pitch, 0))


def _silence(piece: Piece) -> Check:
    notes = sorted(note for track in piece.tracks for note in track.notes)
    if not notes:
        return Check("not silent", False, "there are no notes")
    limit = LONGEST_GAP_BARS * piece.metre.bar
    sounding = 0
    for start, end in [(note.start, note.end) for note in notes] + [(piece.end, piece.end)]:
        if start - sounding > limit:
            at = _bar_of(piece, sounding)
            quarters = (start - sounding) / TICKS
            return Check("not silent", False, f"{quarters:g} beats without a note in bar {at}")
        sounding = max(sounding, end)
    return Check(
        "not silent", True, f"{len(notes)} notes, no gap longer than {LONGEST_GAP_BARS} bars"
    )


# --- bars -------------------------------------------------------------------------------------


def _bars(piece: Piece) -> Check:
    """Check that the piece consists of whole bars and changes metre only at bar lines."""
    starts = piece.bar_starts()
    for change in piece.metres[1:]:
        if change.tick < piece.length and change.tick not in starts:
            bar = _bar_of(piece, change.tick)
            return Check("bars add up", False, f"the time signature changes within bar {bar}")
    late = [n for t in piece.tracks for n in t.notes if n.end > piece.length]
    if late:
        return Check("bars add up", False, f"{_counted(late)} continue past the end")
    last = starts[-1]
    metre = [change.metre for change in piece.metres if change.tick <= last][-1]
    missing = last + metre.bar - piece.length
    if missing:
        return Check("bars add up", False, f"{missing / TICKS:g} beats are missing in the last bar")
    return Check("bars add up", True, f"{_bar_count(piece)} complete bars")


def _length(piece: Piece, request: TuneRequest) -> Check:
    bars = _bar_count(piece)
    return Check("length", bars == request.bars, f"{bars} bars, asked for {request.bars}")


def _bar_count(piece: Piece) -> int:
    """Return how many bars it has, to the nearest: whether they are whole is asked elsewhere."""
    starts = [*piece.bar_starts()][bool(piece.pickup) :]
    last = [change.metre for change in piece.metres if change.tick <= starts[-1]][-1]
    return len(starts) - (piece.length - starts[-1] < last.bar / 2)


def _voice_leading(piece: Piece, leading: Leading) -> Check:
    """Whether four voices move as a teacher lets them: as few parallels as the chorales have."""
    evidence = f"{len(leading.parallels)} parallel fifths and octaves in {leading.moves} moves"
    if leading.parallels:
        first = leading.parallels[0]
        at = _bar_of(piece, first.row * SIXTEENTH)
        evidence += f", the first ({first.interval}) in bar {at}"
    if leading.crossings:
        evidence += f", {leading.crossings} crossings"
    return Check("voice leading", leading.per_hundred <= MOST_PARALLELS, evidence)


# --- as asked ---------------------------------------------------------------------------------


def _key(piece: Piece, key: Key, old_mode: str) -> Check:
    """Whether the notes are in the key, as a key finder that knows nothing of it says.

    It confuses keys that share nearly all notes; between those the end decides. One that leaves
    out more of the notes than this one does is its mistake.
    """
    notes = pitched_notes(piece)
    ranked = ranked_keys(notes)
    if not ranked:
        return Check("key", True, "no pitched notes")
    detected = ranked[0][1]
    share = share_in_scale(notes, key, old_mode)
    scale = f"{key.tonic} {old_mode or key.mode}"
    evidence = f"sounds like {detected}, {share:.0%} of notes in the scale of {scale}"
    if _same(detected, key):
        return Check("key", True, evidence)
    ends = _ends_on(piece, key)
    evidence += f", {'ends' if ends else 'does not end'} on {key.tonic}"
    near = are_close(detected, key) or share > share_in_scale(notes, detected)
    return Check("key", ends and near and share >= IN_SCALE, evidence)


def _unlifted(piece: Piece, request: TuneRequest | None) -> Piece:
    """Return the piece with lifted bars put back, so that it is in one key."""
    if request is None or not request.lifted:
        return piece
    starts = [*piece.bar_starts()[bool(piece.pickup) :], piece.end]
    spans, lift = [(starts[first], starts[last]) for first, last in request.lifted], request.lift

    def lowered(note: Note) -> Note:
        is_lifted = any(first <= note.start < last for first, last in spans)
        return msgspec.structs.replace(note, pitch=note.pitch - lift * is_lifted)

    tracks = tuple(
        msgspec.structs.replace(track, notes=tuple(map(lowered, track.notes)))
        for track in piece.tracks
        if not track.drums
    )
    return msgspec.structs.replace(piece, tracks=tracks)


def _same(one: Key, other: Key) -> bool:
    return (one.pitch_class, one.mode) == (other.pitch_class, other.mode)


def _ends_on(piece: Piece, key: Key) -> bool:
    """Whether the last note of the melody or of the bass is the tonic."""
    last = [melody_of(piece).notes[-1]]
    last += [t.notes[-1] for t in piece.tracks if t.role in ("bass", "bass voice") and t.notes]
    return any(note.pitch % 12 == key.pitch_class for note in last)


def _tempo(piece: Piece, request: TuneRequest) -> Check:
    if request.seconds:
        lasts = piece.seconds(piece.end)
        evidence = f"{lasts:.1f} seconds, asked for {request.seconds:g}"
        return Check("duration", abs(lasts - request.seconds) < MOST_SECONDS_OFF, evidence)
    if len(piece.tempos) > 1:
        mean = piece.end / TICKS / piece.seconds(piece.end) * 60
        evidence = f"{mean:.0f} bpm on average, asked for {request.tempo:g}"
        return Check("tempo", abs(mean / request.tempo - 1) <= MOST_PACE_OFF, evidence)
    wrong = [tempo.bpm for tempo in piece.tempos if abs(tempo.bpm - request.tempo) > 0.01]
    is_bpm = wrong[0] if wrong else piece.tempo
    return Check("tempo", not wrong, f"{is_bpm:g} bpm, asked for {request.tempo:g}")


def _metre(piece: Piece, request: TuneRequest) -> Check:
    wrong = [change.metre for change in piece.metres if change.metre != request.metre]
    is_metre = wrong[0] if wrong else piece.metre
    return Check("metre", not wrong, f"{is_metre}, asked for {request.metre}")


# --- words ------------------------------------------------------------------------------------


def _events(piece: Piece) -> Counter[tuple[int, int, int]]:
    """Return the starts (with their velocity) and ends (with 0) of all notes."""
    events: Counter[tuple[int, int, int]] = Counter()
    for track in piece.tracks:
        for note in track.notes:
            events[note.start, note.pitch, note.velocity] += 1
            events[note.end, note.pitch, 0] += 1
    return events


def _bar_of(piece: Piece, tick: int) -> int:
    return max(1, sum(start <= tick for start in piece.bar_starts()) - bool(piece.pickup))


def _place(piece: Piece, note: Note) -> str:
    return f"in bar {_bar_of(piece, note.start)}"


def _called(name: str) -> str:
    return f"“{name[:40]}”" if name else "a track"


def _counted(notes: list[Note]) -> str:
    return "1 note" if len(notes) == 1 else f"{len(notes)} notes"
