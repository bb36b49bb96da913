"""Constraints on a tune, once words and moods are understood. Plain data."""

from __future__ import annotations

import msgspec

from studio_music.compose.prompt.form import Section
from studio_music.score.piece import Key, Metre


class TuneRequest(msgspec.Struct, frozen=True):
    """Everything that the writing of a tune is held to.

    Attributes:
        bars: Whole bars, as long as the piece will be.
        tempo: Quarter notes a minute.
        mood: A name of ``moods.MOODS``.
        form: The sections; () for the usual form of so many bars.
        tension: For each bar 0…1; () for even.
        lift: Semitones by which some bars lie higher. ``lifted``: spans of them, the first and the
            one after the last.
        pace: Notes a second of the tune where the mood leaves them open; 0 leaves them open too.
        scale: An old mode, as "dorian"; "" for that of the key, which is the nearest to it.
        loop: The end leads to the start. ``blues``: the twelve bars, with their chords.
        seconds: How long it lasts, to the second; 0 for as long as bars and tempo make it.
    """

    key: Key = Key()
    metre: Metre = Metre()
    bars: int = 16
    tempo: float = 100.0
    mood: str = "any"
    temperature: float = 0.95
    form: tuple[Section, ...] = ()
    tension: tuple[float, ...] = ()
    lift: int = 0
    lifted: tuple[tuple[int, int], ...] = ()
    pace: float = 0.0
    scale: str = ""
    loop: bool = False
    blues: bool = False
    seconds: float = 0.0

    @property
    def key_name(self) -> str:
        """The key with the mode that was asked for: "D dorian"."""
        return f"{self.key.tonic} {self.scale or self.key.mode}"
