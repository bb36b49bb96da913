"""Finds the key of a piece from its notes alone, regardless of its signature.

Correlates how long each pitch class sounds with the 24 key profiles of Krumhansl and Kessler
(C. Krumhansl, Cognitive Foundations of Musical Pitch, 1990, table 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Final

from studio_music.score.piece import Key, Note, Piece

_PROFILES: Final = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}

OLD_MODES: Final = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
}
"""Semitones over the tonic."""


def found_key(notes: Iterable[Note]) -> Key | None:
    """Return the key whose profile the notes fit best; None without notes."""
    ranked = ranked_keys(notes)
    return ranked[0][1] if ranked else None


def ranked_keys(notes: Iterable[Note]) -> list[tuple[float, Key]]:
    """Return all 24 keys with their correlation (−1…1), the best first; empty without notes."""
    weights = durations(notes)
    if not any(weights):
        return []
    scored = [
        (_correlation([weights[(tonic + step) % 12] for step in range(12)], profile), tonic, mode)
        for mode, profile in _PROFILES.items()
        for tonic in range(12)
    ]
    return [(score, key_at(tonic, mode)) for score, tonic, mode in sorted(scored, reverse=True)]


def pitched_notes(piece: Piece) -> list[Note]:
    """Return the notes of all tracks but drums."""
    return [note for track in piece.tracks if not track.drums for note in track.notes]


def durations(notes: Iterable[Note]) -> list[int]:
    """Return for how many ticks each of the twelve pitch classes sounds."""
    ticks = [0] * 12
    for note in notes:
        ticks[note.pitch % 12] += note.length
    return ticks


def key_at(pitch_class: int, mode: str) -> Key:
    """Return the key on a pitch class, spelled with the fewest accidentals."""
    spelled = [Key.of_fifths(fifths, mode) for fifths in range(-7, 8)]
    there = [key for key in spelled if key.pitch_class == pitch_class % 12]
    return min(there, key=lambda key: (abs(key.fifths), key.fifths))


def are_close(one: Key, other: Key) -> bool:
    """Whether the signatures of two keys differ by one accidental at most."""
    apart = (one.fifths - other.fifths) % 12
    return min(apart, 12 - apart) <= 1


def share_in_scale(notes: Iterable[Note], key: Key, old_mode: str = "") -> float:
    """Return which part of the sounding time lies in the scale, 0…1; minor has both sixths and
    sevenths.

    Args:
        old_mode: The scale, a key of ``OLD_MODES``; "" for that of the key.
    """
    weights = durations(notes)
    scale = set(key.scale)
    if old_mode:
        scale = {(key.pitch_class + step) % 12 for step in OLD_MODES[old_mode]}
    elif key.mode == "minor":
        scale |= {(key.pitch_class + step) % 12 for step in (9, 11)}
    total = sum(weights)
    return sum(weights[pitch_class] for pitch_class in scale) / total if total else 1.0


def _correlation(weights: Sequence[float], profile: Sequence[float]) -> float:
    """Return Pearson's correlation of two rows of twelve; 0 where the first is flat."""
    mean, middle = sum(weights) / 12, sum(profile) / 12
    left = [weight - mean for weight in weights]
    right = [value - middle for value in profile]
    size = sqrt(sum(x * x for x in left) * sum(y * y for y in right))
    return sum(x * y for x, y in zip(left, right, strict=True)) / size if size else 0.0
