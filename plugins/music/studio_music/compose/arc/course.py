"""Gives a written piece its course: who plays when, how loud, how fast, and the lift of its end.

Changes no pitch but by the lift. Works on ticks; knows no sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from studio_music.compose.backing.bars import Bar, bars_of
from studio_music.compose.backing.drums import KIT
from studio_music.compose.prompt.request import TuneRequest
from studio_music.score.piece import TEMPO_RANGE, TICKS, Chord, Key, Note, Piece, Tempo, Track
from studio_music.score.theory.chord_symbols import parsed
from studio_music.score.theory.dynamics import named
from studio_music.score.theory.key_detection import key_at

replace = msgspec.structs.replace

_QUIETEST, _LOUDEST = 0.55, 1.25
"""Factors on velocities at rest and at the height."""
_PACE: Final = 0.08
"""By how much the height is faster than rest."""
_SLOWING: Final = (0.94, 0.84)
"""The last two bars of an ending."""
_SWELL: Final = (-4, 2, 5, -3)
"""What each bar of a phrase adds to the tune: towards its third, and away."""
_CLOSING: Final = -8
"""What the last note of a phrase has less."""

_NO_DRUMS, _SOFT_DRUMS, _FULL = 0.2, 0.42, 0.7
"""Below these: no drums; no loud ones. From the last on the tune is doubled, and strings hold."""
_SOFT_KIT: Final = frozenset(
    KIT[name] for name in ("hat", "pedal", "rim", "shaker", "tambourine", "triangle", "kick")
)
_STRINGS: Final = 48
_OCTAVE: Final = 12
_EARLY: Final = TICKS // 2
"""By how much a note may come before the bar it belongs to."""
_TOP: Final = 103


def shaped(piece: Piece, request: TuneRequest) -> Piece:
    """Return the piece with the course that is asked for.

    Args:
        piece: As it was arranged, at one tempo.
        request: Form, tension, lift, loop and seconds are read.
    """
    bars = bars_of(piece)
    piece = _phrased(piece, bars)
    if request.form:
        piece = _opened(piece, request)
    if request.tension:
        piece = _signed(dynamic(piece, bars, request.tension), bars)
    for first, last in request.lifted:
        piece = _lifted(piece, bars[first].start, bars[last - 1].end, request.lift)
    return _timed(piece, bars, request)


def _phrased(piece: Piece, bars: Sequence[Bar]) -> Piece:
    """Let the tune swell within its phrases and close them softly."""
    ends = [bar.end for bar in bars if bar.ends_phrase]

    def louder(note: Note, bar: Bar, track: Track) -> Note:
        if track.role != "melody":
            return note
        closes = any(other - piece.metre.bar // 4 <= note.end <= other for other in ends)
        return _at(note, note.velocity + _SWELL[bar.place] + (_CLOSING if closes else 0))

    return _noted(piece, bars, louder)


def _opened(piece: Piece, request: TuneRequest) -> Piece:
    """Leave the intro and breaks to the backing, if there is one."""
    if not any(track.role == "chords" for track in piece.tracks):
        return piece
    silent: list[tuple[int, int]] = []
    bar, start = piece.metre.bar, 0
    for section in request.form:
        if section.name in ("intro", "break"):
            silent.append((start, start + section.bars * bar))
        start += section.bars * bar
    tracks = [
        replace(
            track,
            notes=tuple(
                n for n in track.notes if not any(first <= n.start < last for first, last in silent)
            ),
        )
        if track.role == "melody"
        else track
        for track in piece.tracks
    ]
    if not any(track.notes for track in tracks if track.role == "melody"):
        return piece  # there is nothing but an intro: it keeps its tune
    return replace(piece, tracks=tuple(tracks))


def dynamic(piece: Piece, bars: Sequence[Bar], tension: Sequence[float]) -> Piece:
    """Let loudness and fullness follow the tension of each bar; at its height, others join."""

    def follow(note: Note, bar: Bar, track: Track) -> Note | None:
        height = tension[min(bar.number, len(tension) - 1)]
        if track.drums and (
            height < _NO_DRUMS or (height < _SOFT_DRUMS and note.pitch not in _SOFT_KIT)
        ):
            return None
        if track.role == "bass" and height < _NO_DRUMS and note.start != bar.start:
            return None
        return _at(note, note.velocity * (_QUIETEST + (_LOUDEST - _QUIETEST) * height))

    piece = _noted(piece, bars, follow)
    full = [bar for bar in bars if tension[min(bar.number, len(tension) - 1)] >= _FULL]
    return replace(piece, tracks=(*piece.tracks, *_joining(piece, full)))


def _signed(piece: Piece, bars: Sequence[Bar]) -> Piece:
    """Write over the tune how loud its phrases are."""
    starts = [bar.start for bar in bars if not bar.place]
    tracks = (named(t, starts) if t.role == "melody" else t for t in piece.tracks)
    return replace(piece, tracks=tuple(tracks))


def _joining(piece: Piece, full: Sequence[Bar]) -> list[Track]:
    """Return who joins in full bars: the tune an octave higher, and strings that hold chords."""
    spans = [(bar.start, bar.end) for bar in full]
    melody = next((t for t in piece.tracks if t.role == "melody"), None)
    joins = []
    if melody:
        doubled = tuple(
            replace(note, pitch=note.pitch + _OCTAVE)
            for note in melody.notes
            if note.pitch + _OCTAVE <= _TOP
            and any(first <= note.start < last for first, last in spans)
        )
        joins.append(Track("Octave", doubled, _STRINGS, volume=0.4, pan=0.35))
    held: list[Note] = []
    for first, last in spans:
        names = [chord for chord in piece.chords if chord.tick <= first][-1:]
        names += [chord for chord in piece.chords if first < chord.tick < last]
        for number, chord in enumerate(names):
            harmony = parsed(chord.symbol)
            end = names[number + 1].tick if number + 1 < len(names) else last
            start = max(chord.tick, first)
            tones = harmony.tones if harmony else ()
            held += [Note(start, 60 + tone, end - start, 84) for tone in tones]
    joins.append(Track("Strings", tuple(sorted(held)), _STRINGS, volume=0.45, pan=-0.35))
    return [track for track in joins if track.notes]


def _lifted(piece: Piece, first: int, last: int, semitones: int) -> Piece:
    """Return the piece with everything from tick ``first`` until ``last`` so much higher."""
    if last < piece.end:  # what sounds on behind the span has its chord again
        piece = replace(piece, chords=_named_at(piece.chords, last))
    piece = replace(piece, chords=_named_at(piece.chords, first))
    key = key_at(piece.key.pitch_class + semitones, piece.key.mode)

    def higher(note: Note, track: Track) -> Note:
        # A note that comes early belongs to the key it leads into.
        at = note.start + min(_EARLY, note.length - 1)
        if track.drums or not first <= at < last:
            return note
        return replace(note, pitch=min(note.pitch + semitones, 127))

    tracks = tuple(
        replace(track, notes=tuple(higher(note, track) for note in track.notes))
        for track in piece.tracks
    )
    chords = tuple(
        _transposed(chord, semitones, key) if first <= chord.tick < last else chord
        for chord in piece.chords
    )
    return replace(piece, tracks=tracks, chords=chords)


def _named_at(chords: Sequence[Chord], tick: int) -> tuple[Chord, ...]:
    """Return the chords with a symbol at ``tick``, where one sounds on through it."""
    before = [chord for chord in chords if chord.tick <= tick]
    if not before or before[-1].tick == tick:
        return tuple(chords)
    return tuple(sorted((*chords, replace(before[-1], tick=tick)), key=lambda chord: chord.tick))


def _transposed(chord: Chord, semitones: int, key: Key) -> Chord:
    harmony = parsed(chord.symbol)
    if harmony is None:
        return chord
    return replace(chord, symbol=harmony.moved(semitones).symbol(key))


def _timed(piece: Piece, bars: Sequence[Bar], request: TuneRequest) -> Piece:
    """Let the pace follow the tension, slow down at an ending, and last as long as asked."""
    paces = [1.0] * len(bars)
    if request.tension:
        paces = [1 + _PACE * (height - 0.5) for height in request.tension[: len(bars)]]
    ends = bool(request.tension) or any(s.name == "outro" for s in request.form)
    if ends and not request.loop and len(bars) > 2 * len(_SLOWING):
        for number, slower in enumerate(_SLOWING):
            paces[number - len(_SLOWING)] *= slower
    tempos: list[Tempo] = []
    low, high = TEMPO_RANGE
    for bar, pace in zip(bars, paces, strict=True):
        bpm = min(max(request.tempo * pace, low), high)
        if not tempos or abs(tempos[-1].bpm - bpm) > 0.01:
            tempos.append(Tempo(bar.start if tempos else 0, bpm))
    timed = replace(piece, tempos=tuple(tempos))
    if request.seconds:
        factor = timed.seconds(timed.end) / request.seconds
        fitted = tuple(replace(tempo, bpm=tempo.bpm * factor) for tempo in timed.tempos)
        if all(low <= tempo.bpm <= high for tempo in fitted):
            timed = replace(timed, tempos=fitted)
    return timed


def _noted(
    piece: Piece, bars: Sequence[Bar], change: Callable[[Note, Bar, Track], Note | None]
) -> Piece:
    """Return the piece with each note as ``change`` makes it, or without it."""
    tracks = []
    for track in piece.tracks:
        at, notes = 0, []
        for note in sorted(track.notes):
            while at < len(bars) - 1 and bars[at].end <= note.start:
                at += 1
            changed = change(note, bars[at], track)
            notes += [changed] if changed else []
        tracks.append(replace(track, notes=tuple(notes)))
    return replace(piece, tracks=tuple(tracks))


def _at(note: Note, velocity: float) -> Note:
    return replace(note, velocity=int(min(max(round(velocity), 1), 127)))
