"""When each note of a piece sounds, in samples, and their mix before room and limiter.

A timeline is a value: any stretch of it can be mixed at any time, with the same result.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from studio.api import BadInput
from studio_music.piece import TICKS, Note, Piece, Track
from studio_music.sound.tones import LAYERS, LONGEST, Tones, Voice

MAX_SECONDS = 1800.0
"""A longer piece is not rendered: half an hour of stereo sound fills 0.6 GB."""

_CHOKES = ({42, 44, 46}, {71, 72}, {73, 74}, {78, 79}, {80, 81})
"""Drums of which only one sounds at a time."""
_CHOKE = 0.03
_LINKED = 0.4  # seconds over which the parts of a very long tone are faded into each other
_CLICK = (76, 77)  # keys of the metronome: the first beat of a bar, the others
_CLICK_GAIN = 0.5


@dataclass(frozen=True)
class Sounding:
    """One note in samples: it starts, is let go after ``hold``, and fades for ``fade`` more."""

    start: int
    hold: int
    fade: int
    voice: Voice
    gain: np.ndarray  # (2, 1), left and right

    @property
    def end(self) -> int:
        """The first sample at which it is silent."""
        return self.start + self.hold + self.fade


class Timeline:
    """The notes of a piece in samples from its start, ready to be mixed."""

    def __init__(self, piece: Piece, tones: Tones, *, metronome: bool = False) -> None:
        self.piece, self.rate, self._tones = piece, tones.synth.rate, tones
        self.frames = self.sample(piece.end)
        notes = [note for track in heard(piece) for note in self._track(track)]
        if metronome:
            notes += self._clicks()
        self.notes = sorted(notes, key=lambda note: note.start)
        self._starts = [note.start for note in self.notes]
        ends = np.array([note.end for note in self.notes], np.int64)
        self._latest = np.maximum.accumulate(ends) if len(ends) else ends
        self.tail = max(0, int(ends.max(initial=0)) - self.frames)

    def sample(self, tick: int) -> int:
        """Return the sample at which ``tick`` sounds."""
        return round(self.piece.seconds(tick) * self.rate)

    def tick(self, sample: int) -> int:
        """Return the tick that sounds at ``sample``."""
        return self.piece.tick_at(sample / self.rate)

    def mix_into(self, bus: np.ndarray, at: int, first: int = 0, last: int | None = None) -> None:
        """Add what sounds from sample ``at`` on to ``bus`` (2, frames).

        Args:
            first, last: Only notes that start in these samples, and are let go at ``last``: one
                pass of a loop.
        """
        stop = at + bus.shape[1]
        low = int(np.searchsorted(self._latest, at, "right"))
        high = bisect_left(self._starts, stop if last is None else min(stop, last))
        for note in self.notes[low:high]:
            if note.start < first or note.end <= at:
                continue
            hold = note.hold if last is None else min(note.hold, last - note.start)
            self._add(bus, note, hold, at)

    def _add(self, bus: np.ndarray, note: Sounding, hold: int, at: int) -> None:
        tone = self._tones.get(note.voice, note.hold + note.fade)
        begin = max(0, at - note.start)
        end = min(tone.shape[1], hold + note.fade, at + bus.shape[1] - note.start)
        if end <= begin:
            return
        part = tone[:, begin:end] * note.gain
        if end > hold:
            late = max(begin, hold)
            passed = np.arange(late - hold, end - hold, dtype=np.float32) / max(1, note.fade)
            part[:, late - begin :] *= (1 - passed) ** 2
        place = note.start + begin - at
        bus[:, place : place + end - begin] += part

    def _track(self, track: Track) -> list[Sounding]:
        pan = gains(track)
        chokes = _choked(track, self) if track.drums else {}
        found: list[Sounding] = []
        for note in track.notes:
            voice = Voice(track.program, track.drums, note.pitch, note.velocity * LAYERS // 128)
            start, end = self.sample(note.start), self.sample(note.end)
            gain = (pan * (note.velocity / 127) ** 1.4).astype(np.float32)
            if track.drums:
                found.append(self._drum(voice, start, chokes.get(note), gain))
            else:
                found += self._held(voice, start, end - start, gain)
        return found

    def _drum(self, voice: Voice, start: int, choke: int | None, gain: np.ndarray) -> Sounding:
        voice = voice._replace(program=0)
        ring = round(self._tones.synth.ring(voice) * self.rate)
        hold = ring if choke is None else min(ring, choke - start)
        return Sounding(start, hold, round(_CHOKE * self.rate), voice, gain)

    def _held(self, voice: Voice, start: int, hold: int, gain: np.ndarray) -> list[Sounding]:
        """Return the note, in parts that fade into each other where it is longer than a tone is."""
        synth = self._tones.synth
        fade = round(synth.release(voice) * self.rate)
        ring = synth.ring(voice)
        if np.isfinite(ring):
            return [Sounding(start, min(hold, round(ring * self.rate)), fade, voice, gain)]
        most, link = round((LONGEST - 2.0) * self.rate), round(_LINKED * self.rate)
        parts = []
        while hold > most:
            parts.append(Sounding(start, most - link, link, voice, gain))
            start, hold = start + most - link, hold - (most - link)
        return [*parts, Sounding(start, hold, fade, voice, gain)]

    def _clicks(self) -> list[Sounding]:
        clicks = []
        gain = np.full((2, 1), _CLICK_GAIN, np.float32)
        for tick, first in beats(self.piece):
            voice = Voice(0, True, _CLICK[0] if first else _CLICK[1], LAYERS - 1)
            clicks.append(self._drum(voice, self.sample(tick), None, gain))
        return clicks


def heard(piece: Piece) -> list[Track]:
    """Return the tracks that sound: those in solo if there are any, else all that are not muted."""
    solo = [track for track in piece.tracks if track.solo]
    return [track for track in solo or piece.tracks if not track.muted and track.volume > 0]


def gains(track: Track) -> np.ndarray:
    """Return (2, 1) factors for left and right: volume and pan, the same power wherever it is."""
    angle = (min(1.0, max(-1.0, track.pan)) + 1) * np.pi / 4
    sides = np.array([[np.cos(angle)], [np.sin(angle)]]) * np.sqrt(2)
    return min(1.0, max(0.0, track.volume)) * sides


def beats(piece: Piece) -> list[tuple[int, bool]]:
    """Return the tick of every beat, and whether it is the first of its bar."""
    found = []
    bars = piece.bar_starts()
    changes = sorted(piece.metres, key=lambda change: change.tick)
    for bar, following in zip(bars, [*bars[1:], piece.end]):
        metre = [c.metre for c in changes if c.tick <= bar][-1]
        beat = 4 * TICKS // metre.unit
        if metre.unit >= 8 and metre.beats % 3 == 0:  # six eighths are two beats
            beat *= 3
        found += [(tick, tick == bar) for tick in range(bar, following, max(1, beat))]
    return found


def check_length(piece: Piece) -> None:
    """Raise ``BadInput`` if ``piece`` lasts longer than can be rendered."""
    seconds = piece.seconds(piece.end)
    if seconds > MAX_SECONDS:
        raise BadInput(
            f"“{piece.title[:60]}” would last {seconds / 60:,.0f} minutes.",
            f"At most {MAX_SECONDS / 60:.0f} minutes are rendered: cut it, or make it faster.",
        )


def _choked(track: Track, timeline: Timeline) -> dict[Note, int]:
    """Return the sample at which each drum is cut off by another that it excludes."""
    cut: dict[Note, int] = {}
    for group in _CHOKES:
        members = [note for note in track.notes if note.pitch in group]
        for note, following in pairwise(members):
            if following.start > note.start:
                cut[note] = timeline.sample(following.start)
    return cut
