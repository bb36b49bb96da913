"""What a description and the form mean, as the page shows it. Slow at first: beside the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio_music.effects.family import Knob


@dataclass(frozen=True)
class Heard:
    """What was understood.

    Attributes:
        sound, into: Ids of families; empty for none.
        words: The words that were understood, and ``unknown`` those that were not.
        knobs: What can be set of the sound.
        set: Knobs that the words set.
    """

    sound: str = ""
    into: str = ""
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    knobs: tuple[Knob, ...] = ()
    set: tuple[str, ...] = ()


def hear(text: str, chosen: str) -> Heard:
    """Return what ``text`` means; where it names no sound, the one that is ``chosen`` counts."""
    from studio_music.effects.catalogue import FAMILIES
    from studio_music.effects.description import understand

    said = understand(text)
    sound = said.sound or (chosen if chosen in FAMILIES else "")
    knobs = FAMILIES[sound].knobs if sound else ()
    return Heard(sound, said.into, tuple(said.known), tuple(said.unknown), knobs, tuple(said.shape))
