"""A piece in samples: its tracks side by side, and the send to the room.

A timeline is a value: any stretch of it can be mixed at any time, with the same result.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import Any

import numpy as np

from studio.api import BadInput
from studio_music.audio.mix.tempo_map import TempoMap
from studio_music.audio.mix.track_compressor import TrackCompressor
from studio_music.audio.mix.track_renderer import TrackRenderer
from studio_music.audio.synth.protocol import Tones
from studio_music.score.piece import TICKS, Note, Piece, Track

MAX_SECONDS = 1800.0
"""A longer piece is not rendered: half an hour of stereo sound fills 0.6 GB."""

_CLICKS = (76, 77)  # keys of the metronome: the first beat of a bar, the others
_CLICK_GAIN = np.full((2, 1), 0.5, np.float32)
_USUAL_SEND = Track("").reverb
_Part = TrackRenderer | TrackCompressor


class Mixdown:
    """The heard tracks of a piece, ready to be mixed from any sample on.

    Attributes:
        frames: Samples that the piece lasts. ``tail``: for how many more it rings on.
    """

    def __init__(
        self,
        piece: Piece,
        tones: Tones,
        *,
        metronome: bool = False,
        before: Mixdown | None = None,
    ) -> None:
        """Parts of ``before`` whose notes are the same are taken over, so that edits are quick."""
        self.piece, self.tones = piece, tones
        self._tempo_map = TempoMap(piece.tempos, tones.synth.rate)
        self._known: dict[Any, tuple[Any, _Part]] = {}
        cache = before._known if before and before.tones is tones else {}
        self._buses: defaultdict[float, list[tuple[_Part, np.ndarray]]] = defaultdict(list)
        for track in heard(piece):
            part = self._part(track.notes, track.program, track.drums, cache, track.compression)
            self._buses[track.reverb / _USUAL_SEND].append((part, gains(track)))
        if metronome:
            clicks = self._part(_clicks(piece), 0, True, cache)
            self._buses[1.0].append((clicks, _CLICK_GAIN))
        parts = [part for bus in self._buses.values() for part, _ in bus]
        self.frames = self.sample(piece.end)
        self.tail = max(0, max((part.end for part in parts), default=0) - self.frames)
        self.reach = max((part.reach for part in parts), default=0)

    def sample(self, tick: int) -> int:
        """Return the sample at which ``tick`` sounds."""
        return self._tempo_map.sample(tick)

    def tick(self, sample: float) -> int:
        """Return the tick that sounds at ``sample``."""
        return self._tempo_map.tick(sample)

    def mix_into(self, bus: np.ndarray, at: int, **which: Any) -> None:
        """Add what sounds from sample ``at`` on to ``bus``; see ``TrackRenderer``.

        Args:
            bus: (3, frames): left, right, and what is sent to the room: 1 is the usual share.
        """
        for send, parts in self._buses.items():
            group = np.zeros_like(bus[:2])
            for part, gain in parts:
                part.mix_into(group, at, gain, **which)
            bus[:2] += group
            bus[2] += group.mean(axis=0) * np.float32(send)

    def _part(
        self,
        notes: tuple[Note, ...],
        program: int,
        drums: bool,
        cache: dict[Any, Any],
        amount: float = 0.0,
    ) -> _Part:
        key = (id(notes), program, drums, self.piece.tempos, amount)
        if key in cache:
            self._known[key] = cache[key]
        elif amount:
            plain = self._part(notes, program, drums, cache)
            assert isinstance(plain, TrackRenderer)
            self._known[key] = notes, TrackCompressor(plain, self.tones.synth.rate, amount)
        else:
            # The notes stand beside the part, so that no other notes get their place in memory.
            part = TrackRenderer(notes, program, drums, self.tones, self._tempo_map)
            self._known[key] = notes, part
        return self._known[key][1]


def heard(piece: Piece) -> list[Track]:
    """Return the tracks that sound: those in solo if there are any, else all that are not muted."""
    solo = [track for track in piece.tracks if track.solo]
    return [track for track in solo or piece.tracks if not track.muted and track.volume > 0]


def programs_of(piece: Piece) -> list[tuple[int, bool]]:
    """Return the programs that a piece is played with, and whether each is a drum kit."""
    return sorted({(0 if t.drums else t.program, t.drums) for t in heard(piece) if t.notes})


def gains(track: Track) -> np.ndarray:
    """Return (2, 1) factors for left and right: volume and pan, the same power wherever it is."""
    angle = (min(1.0, max(-1.0, track.pan)) + 1) * np.pi / 4
    sides = np.array([[np.cos(angle)], [np.sin(angle)]]) * np.sqrt(2)
    factors: np.ndarray = (min(1.0, max(0.0, track.volume)) * sides).astype(np.float32)
    return factors


def beats(piece: Piece) -> list[tuple[int, bool]]:
    """Return the tick of every beat, and whether it is the first of its bar."""
    ticks = []
    bars = piece.bar_starts()
    changes = sorted(piece.metres, key=lambda change: change.tick)
    for bar, following in zip(bars, [*bars[1:], piece.end]):
        metre = changes[max(0, bisect_right(changes, bar, key=lambda c: c.tick) - 1)].metre
        beat = 4 * TICKS // metre.unit
        if metre.unit >= 8 and metre.beats % 3 == 0:  # six eighths are two beats
            beat *= 3
        ticks += [(tick, tick == bar) for tick in range(bar, following, max(1, beat))]
    return ticks


def check_length(piece: Piece) -> None:
    """Raise ``BadInput`` if ``piece`` lasts longer than can be rendered."""
    seconds = piece.seconds(piece.end)
    if seconds > MAX_SECONDS:
        raise BadInput(
            f"“{piece.title[:60]}” would last {seconds / 60:,.0f} minutes.",
            f"The limit is {MAX_SECONDS / 60:.0f} minutes: shorten it, or increase the tempo.",
        )


def _clicks(piece: Piece) -> tuple[Note, ...]:
    return tuple(Note(tick, _CLICKS[not first], 60, 127) for tick, first in beats(piece))
