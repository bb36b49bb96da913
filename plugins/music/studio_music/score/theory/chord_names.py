"""Names the chords that voices sing: the symbol that fits what sounds on each beat best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from studio_music.score.piece import TICKS, Chord, Key
from studio_music.score.theory.chord_symbols import INTERVALS, Harmony
from studio_music.score.theory.voice_leading import SIXTEENTH

_QUALITIES: Final = ("", "m", "7", "m7", "dim", "maj7", "m7b5", "dim7", "aug", "sus4")
"""What is tried, the plainest first."""

_FIFTH, _MISSING, _INVERTED = 0.3, 1.5, 0.2
_MOST: Final = 1.0
"""What is missing costs; what costs more than ``_MOST`` altogether has no name."""


def symbols(rows: Sequence[Sequence[int]], key: Key) -> tuple[Chord, ...]:
    """Return the chords of a setting by beats; a beat without a name has that of the one before.

    Args:
        rows: For each sixteenth the pitch of each voice, from high to low; −1 where one rests.
        key: Spells the symbols.
    """
    chords: list[Chord] = []
    for at in range(0, len(rows), TICKS // SIXTEENTH):
        sung = [pitch for pitch in rows[at] if pitch >= 0]
        chord = named(frozenset(p % 12 for p in sung), min(sung) % 12) if len(sung) > 2 else None
        name = chord.symbol(key) if chord else ""
        if name and (not chords or chords[-1].symbol != name):
            chords.append(Chord(at * SIXTEENTH, name))
    return tuple(chords)


@cache
def named(classes: frozenset[int], bass: int) -> Harmony | None:
    """Return the chord of these pitch classes over a bass, None where it has no name here."""
    best, cost = None, _MOST
    for root in sorted(classes):
        for quality in _QUALITIES:
            tones = [(root + step) % 12 for step in INTERVALS[quality]]
            if not classes <= set(tones):
                continue
            missing = [tone for tone in tones if tone not in classes]
            price = sum(_FIFTH if tone == tones[2] else _MISSING for tone in missing)
            price += _INVERTED * (bass != root)
            if price < cost:
                best, cost = Harmony(root, quality, None if bass == root else bass), price
    return best
