"""The tracks of a piece as sounds of one length that add up to the whole: stems.

Each in its room, all compressed as the whole is, by one gain; nothing is limited, so that their sum
is the mix.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from studio.api import BadInput
from studio_music.audio.mix import loudness
from studio_music.audio.mix.bus_compressor import AHEAD, factors
from studio_music.audio.mix.mixdown import Mixdown, check_length, heard
from studio_music.audio.mix.render import TARGET, folded, loading, mixed
from studio_music.audio.synth.protocol import Tones
from studio_music.audio.synth.selection import open_synth
from studio_music.score.piece import Piece, Track

CEILING = 0.97
"""The highest sample of the sum."""


def stems(
    piece: Piece, rate: int, synth: str = "auto", font: Path | None = None
) -> Iterator[float | list[tuple[Track, np.ndarray]]]:
    """Yield the share that is done, and last each track with its samples (n, 2) float32.

    They loop: as long as the piece, and what rings on after the end sounds in the start.

    Raises:
        BadInput: It is empty or too long, or there is no such synthesiser here.
    """
    check_length(piece)
    opened = open_synth(synth, rate, font=font)
    yield from loading(opened, piece)
    tracks = [track for track in heard(piece) if track.notes]
    if not tracks and any(track.notes for track in piece.tracks):
        raise BadInput(f"All tracks of “{piece.title[:60]}” are muted.", "Unmute one.")
    if not tracks:
        raise BadInput(f"“{piece.title[:60]}” has no notes to play.")
    tones, sounds = Tones(opened), []
    for number, track in enumerate(tracks):
        alone = msgspec.structs.replace(piece, tracks=(track,))
        timeline = Mixdown(alone, tones)
        for step in mixed(timeline):
            if isinstance(step, float):
                yield (number + step) / len(tracks)
            else:
                sounds.append(folded(step, timeline.frames))
    whole = np.sum(sounds, axis=0)
    ahead = np.concatenate((whole, whole[:, :AHEAD]), axis=1)
    amount = piece.mix.compression
    turned, _ = factors(ahead, rate, amount, factors(ahead, rate, amount)[1])
    whole, sounds = whole * turned, [sound * turned for sound in sounds]
    gain = 10 ** ((TARGET - loudness.integrated(loudness.windows(whole, rate))) / 20)
    gain = min(gain, CEILING / max(float(np.abs(whole).max()), 1e-9))
    yield [
        (track, np.ascontiguousarray(sound.T * np.float32(gain)))
        for track, sound in zip(tracks, sounds, strict=True)
    ]
