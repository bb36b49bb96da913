"""How an effect is to be made, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST = 60.0
"""Seconds of a single effect; a texture is a loop, so nobody needs more."""


@dataclass(frozen=True)
class Settings:
    """How an effect is to be made.

    Attributes:
        seconds: Its length; 0: the usual one of the family.
        pitch: Semitones up or down.
        brightness, space, roughness: −1…1, 0…1, 0…1.
        variety: How much seeds differ, 0…1.
        loudness: LUFS; None: the peak at −1 dB.
        shape: Knobs of the family that are not as usual.
    """

    seconds: float = 0.0
    pitch: float = 0.0
    brightness: float = 0.0
    space: float = 0.0
    roughness: float = 0.0
    variety: float = 0.5
    loudness: float | None = None
    shape: Mapping[str, float] = field(default_factory=dict)
