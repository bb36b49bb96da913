"""Where drums stand on the staff, and with which heads. General MIDI's drum map."""

from __future__ import annotations

from typing import Final, NamedTuple


class Drum(NamedTuple):
    """The place of a drum as in the treble clef, its notehead, and its name."""

    step: str
    octave: int
    head: str
    name: str


_DRUMS: Final = {
    35: Drum("E", 4, "normal", "Low bass drum"),
    36: Drum("F", 4, "normal", "Bass drum"),
    37: Drum("C", 5, "x", "Side stick"),
    38: Drum("C", 5, "normal", "Snare drum"),
    39: Drum("B", 4, "x", "Hand clap"),
    40: Drum("C", 5, "diamond", "Electric snare"),
    41: Drum("G", 4, "normal", "Low floor tom"),
    42: Drum("G", 5, "x", "Closed hi-hat"),
    43: Drum("A", 4, "normal", "High floor tom"),
    44: Drum("D", 4, "x", "Pedal hi-hat"),
    45: Drum("B", 4, "normal", "Low tom"),
    46: Drum("G", 5, "circle-x", "Open hi-hat"),
    47: Drum("D", 5, "normal", "Low-mid tom"),
    48: Drum("E", 5, "normal", "Hi-mid tom"),
    49: Drum("A", 5, "x", "Crash cymbal"),
    50: Drum("F", 5, "normal", "High tom"),
    51: Drum("F", 5, "x", "Ride cymbal"),
    52: Drum("B", 5, "x", "Chinese cymbal"),
    53: Drum("F", 5, "diamond", "Ride bell"),
    54: Drum("E", 5, "triangle", "Tambourine"),
    55: Drum("B", 5, "diamond", "Splash cymbal"),
    56: Drum("E", 5, "x", "Cowbell"),
    57: Drum("A", 5, "diamond", "Second crash cymbal"),
    59: Drum("D", 5, "x", "Second ride cymbal"),
    69: Drum("D", 5, "triangle", "Cabasa"),
    70: Drum("G", 5, "triangle", "Maracas"),
    75: Drum("C", 5, "triangle", "Claves"),
    82: Drum("F", 5, "triangle", "Shaker"),
}


def drum(pitch: int) -> Drum:
    """Return how the drum on this MIDI key is written."""
    return _DRUMS.get(pitch) or Drum("D", 5, "triangle", f"Percussion {pitch}")


def pitch_at(step: str, octave: int, head: str) -> int:
    """Return the drum that is written so; a snare where none is."""
    heads = {head, "normal" if head == "normal" else "x"}
    for pitch, kit in _DRUMS.items():
        if (kit.step, kit.octave) == (step, octave) and kit.head in heads:
            return pitch
    return 38
