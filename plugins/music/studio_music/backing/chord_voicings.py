"""Where the notes of a chord lie: inversions that move little from one chord to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio_music.backing.chord_symbols import Harmony

LOWEST, HIGHEST, CENTRE = 50, 74, 61
PULL = 0.25  # of the centre, a semitone: keeps a long walk from drifting off
UNDER = 0.6  # a semitone over the melody, where the tune would be covered

Voicing = tuple[int, ...]
"""Pitches from low to high."""


def voiced(chords: Sequence[Harmony], ceilings: Sequence[int]) -> list[Voicing]:
    """Return a voicing for each chord, each as near to the one before as it can be.

    Args:
        ceilings: For each chord the lowest pitch of the melody above it.
    """
    made: list[Voicing] = []
    for chord, ceiling in zip(chords, ceilings, strict=True):
        before = made[-1] if made else None
        made.append(min(_candidates(chord), key=lambda each: _cost(each, before, ceiling)))
    return made


def _candidates(chord: Harmony) -> Iterator[Voicing]:
    """Yield the chord in close position, in every inversion and octave that fits."""
    tones = sorted(chord.tones)
    for bottom in range(LOWEST, HIGHEST - 11):
        if bottom % 12 in tones:
            yield tuple(sorted(bottom + (tone - bottom) % 12 for tone in tones))


def _cost(voicing: Voicing, before: Voicing | None, ceiling: int) -> float:
    cost = PULL * abs(sum(voicing) / len(voicing) - CENTRE)
    cost += UNDER * max(0, voicing[-1] - ceiling)
    if before:
        cost += sum(min(abs(pitch - other) for other in before) for pitch in voicing)
        cost += abs(voicing[-1] - before[-1]) * 0.5  # the top voice is what one hears
    return cost
