"""Three strengths of one piece for games: calm, alert, battle. They join at any bar.

All have the tempo, the bars, the key and the chords of the piece, and all loop, so that one may
be faded into another wherever a bar begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from studio_music.compose.arc.course import dynamic
from studio_music.compose.backing import arranging
from studio_music.compose.backing.bars import bars_of
from studio_music.score.piece import Piece, Tempo
from studio_music.score.theory.instrumentation import cast
from studio_music.score.theory.melody import melody_of

replace = msgspec.structs.replace


class Strength(msgspec.Struct, frozen=True):
    """One layer: its backing, its tension 0…1, who may play its tune."""

    name: str
    genre: str
    height: float
    programs: tuple[int, ...]
    level: float


STRENGTHS: Final = (
    Strength("calm", "ambient", 0.1, (11, 73, 0), -8.0),
    Strength("alert", "suspense", 0.5, (40, 68, 0), -4.0),
    Strength("battle", "battle", 0.95, (60, 48, 0), 0.0),
)
"""From the weakest to the strongest; ``level``: decibels below the strongest."""


def layered(piece: Piece, seed: int) -> Iterator[tuple[Strength, Piece]]:
    """Yield each layer of ``piece``; one without chords gets chords that suit, in all the same.

    Raises:
        BadInput: The piece has no melody.
    """
    import numpy as np

    melody = replace(melody_of(piece), role="melody")
    plain = replace(
        piece, tempos=(Tempo(0, piece.tempo),), tracks=(melody,), length=bars_of(piece)[-1].end
    )
    chords = piece.chords
    for strength in STRENGTHS:
        rng = np.random.default_rng(seed)
        given, _ = cast(replace(plain, chords=chords), None, strength.programs)
        *_, layer = arranging(given, strength.genre, rng, loop=True)
        assert isinstance(layer, Piece)
        chords = layer.chords
        bars = bars_of(layer)
        layer = dynamic(layer, bars, (strength.height,) * len(bars))
        yield strength, replace(layer, title=f"{piece.title} ({strength.name})")
