"""What is asked of a tune, once words and moods are understood. Plain data."""

from __future__ import annotations

import msgspec

from studio_music.piece import Key, Metre


class TuneRequest(msgspec.Struct, frozen=True):
    """Everything that the writing of a tune is held to.

    Attributes:
        bars: Whole bars, as long as the piece will be.
        tempo: Quarter notes a minute.
        mood: A word of ``schema.Mood``; the tune weights may take a hint from it.
    """

    key: Key = Key()
    metre: Metre = Metre()
    bars: int = 16
    tempo: float = 100.0
    mood: str = "any"
    temperature: float = 0.95
