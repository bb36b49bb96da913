"""Where the notes of a chord lie: inversions that move little from one chord to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio_music.score.theory.chord_symbols import Harmony

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
    voicings: list[Voicing] = []
    for chord, ceiling in zip(chords, ceilings, strict=True):
        before = voicings[-1] if voicings else None
        voicings.append(
            min(_candidates(chord), key=lambda candidate: _cost(candidate, before, ceiling))
        )
    return voicings


def suspended(
    spans: Sequence[tuple[int, int, Voicing]], shortest: int, within: Sequence[tuple[int, int]]
) -> list[tuple[int, int, Voicing]]:
    """Return the spans with suspensions: a voice that steps down waits for half of its chord.

    Args:
        spans: Start, end and voicing of each chord; the last is not delayed.
        shortest: Chords shorter than this are left as they are.
        within: From where to where chords are delayed.
    """
    suspensions: list[tuple[int, int, Voicing]] = []
    before: Voicing = ()
    for number, (start, end, voicing) in enumerate(spans, 1):
        delayed = number < len(spans) and any(first <= start < last for first, last in within)
        held = _held_over(before, voicing) if delayed else ()
        if held and end - start >= shortest:
            middle = start + (end - start) // 2
            suspensions += [(start, middle, held), (middle, end, voicing)]
        else:
            suspensions.append((start, end, voicing))
        before = voicing
    return suspensions


def _held_over(before: Voicing, voicing: Voicing) -> Voicing:
    """Return the voicing with one voice still where it was, a second too high; () for none."""
    for place, pitch in reversed(list(enumerate(voicing))):
        for step in (1, 2):
            held = pitch + step
            if held in before and pitch not in before and held not in voicing:
                return tuple(sorted((*voicing[:place], held, *voicing[place + 1 :])))
    return ()


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
