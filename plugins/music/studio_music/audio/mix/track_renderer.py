"""One track in samples: when each of its notes sounds, and their sum over any stretch of time.

A part is a value that does not change with the mix: volume, pan, mute and solo are not in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from studio_music.audio.mix.tempo_map import TempoMap
from studio_music.audio.synth.protocol import LAYERS, LONGEST, Synth, Tones, Voice, loudness_of
from studio_music.score.piece import Note

_CHOKES = ({42, 44, 46}, {71, 72}, {73, 74}, {78, 79}, {80, 81})
"""Drums of which only one sounds at a time."""
_CHOKE = 0.03
_LINKED = 0.4  # seconds over which the parts of a very long tone are faded into each other


class Sounding(NamedTuple):
    """One note in samples: it starts, is let go after ``hold``, and fades for ``fade`` more."""

    start: int
    hold: int
    fade: int
    voice: Voice
    loudness: float

    @property
    def end(self) -> int:
        """The first sample at which it is silent."""
        return self.start + self.hold + self.fade


class TrackRenderer:
    """The notes of a track, ready to be mixed.

    Attributes:
        end: The first sample at which all is silent.
        reach: How long after it was let go a note can still be heard, in samples.
    """

    def __init__(
        self, notes: Sequence[Note], program: int, drums: bool, tones: Tones, tempo_map: TempoMap
    ) -> None:
        self._tones = tones
        make = _drums if drums else _held
        rendered = make(notes, program, tones, tempo_map)
        self._notes = sorted(rendered, key=lambda note: note.start)
        self._starts = [note.start for note in self._notes]
        ends = np.array([note.end for note in self._notes], np.int64)
        self._latest = np.maximum.accumulate(ends)
        self.end = int(ends.max(initial=0))
        self.reach = max(
            (note.fade + note.hold * note.voice.drums for note in self._notes), default=0
        )

    def mix_into(
        self,
        bus: np.ndarray,
        at: int,
        gain: np.ndarray,
        *,
        since: int = 0,
        until: int | None = None,
        let_go: int | None = None,
    ) -> None:
        """Add what sounds from sample ``at`` on, times ``gain`` (2, 1), to ``bus`` (2, frames).

        Args:
            since, until: Only notes that start in these samples.
            let_go: Where notes that are held longer are let go; drums ring on.
        """
        stop = at + bus.shape[1]
        low = int(np.searchsorted(self._latest, at, "right"))
        high = bisect_left(self._starts, stop if until is None else min(stop, until))
        for note in self._notes[low:high]:
            if note.start >= since and note.end > at:
                hold = note.hold
                if let_go is not None and not note.voice.drums:
                    hold = min(hold, let_go - note.start)
                self._add(bus, note, hold, at, gain)

    def _add(self, bus: np.ndarray, note: Sounding, hold: int, at: int, gain: np.ndarray) -> None:
        tone = self._tones.get(note.voice, note.hold + note.fade)
        begin = max(0, at - note.start)
        end = min(tone.shape[1], hold + note.fade, at + bus.shape[1] - note.start)
        if end <= begin:
            return
        part = tone[:, begin:end] * (gain * np.float32(note.loudness))
        if end > hold:
            late = max(begin, hold)
            passed = np.arange(late - hold, end - hold, dtype=np.float32) / max(1, note.fade)
            part[:, late - begin :] *= (1 - passed) ** 2
        place = note.start + begin - at
        bus[:, place : place + end - begin] += part


def _drums(
    notes: Sequence[Note], _program: int, tones: Tones, tempo_map: TempoMap
) -> list[Sounding]:
    """Return each drum as long as it rings, or until another that excludes it."""
    rate, cut, rings = tones.synth.rate, _choked(notes), _Rings(tones.synth)
    fade, hits = round(_CHOKE * rate), []
    for note, start in zip(notes, tempo_map.samples([note.start for note in notes]).tolist()):
        voice = _voice(note, 0, drums=True)
        hold = rings[voice]
        if note in cut:
            hold = min(hold, tempo_map.sample(cut[note]) - start)
        hits.append(Sounding(start, int(hold), fade, voice, loudness_of(note.velocity)))
    return hits


def _held(notes: Sequence[Note], program: int, tones: Tones, tempo_map: TempoMap) -> list[Sounding]:
    """Return the notes; one that is longer than a tone in parts that fade into each other."""
    rate, rings, soundings = tones.synth.rate, _Rings(tones.synth), []
    most, link = round((LONGEST - 2.0) * rate), round(_LINKED * rate)
    fade = round(tones.synth.release(Voice(program, False, 60, 0)) * rate)
    starts = tempo_map.samples([note.start for note in notes]).tolist()
    ends = tempo_map.samples([note.end for note in notes]).tolist()
    for note, start, end in zip(notes, starts, ends):
        voice, loudness = _voice(note, program, drums=False), loudness_of(note.velocity)
        ring, hold = rings[voice], end - start
        while hold > most and ring == np.inf:
            soundings.append(Sounding(start, most - link, link, voice, loudness))
            start, hold = start + most - link, hold - (most - link)
        soundings.append(Sounding(start, int(min(hold, ring)), fade, voice, loudness))
    return soundings


class _Rings(dict[Voice, float]):
    """After how many samples each voice has died away, asked once for each."""

    def __init__(self, synth: Synth) -> None:
        self._synth = synth

    def __missing__(self, voice: Voice) -> float:
        self[voice] = float(np.rint(self._synth.ring(voice) * self._synth.rate))
        return self[voice]


def _voice(note: Note, program: int, *, drums: bool) -> Voice:
    return Voice(program, drums, note.pitch, note.velocity * LAYERS // 128)


def _choked(notes: Sequence[Note]) -> dict[Note, int]:
    """Return the tick at which each drum is cut off by another that excludes it."""
    cut: dict[Note, int] = {}
    for group in _CHOKES:
        for note, following in pairwise(note for note in notes if note.pitch in group):
            if following.start > note.start:
                cut[note] = following.start
    return cut
