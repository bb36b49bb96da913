"""Which synthesiser plays: a sound font where there is one, else the studio's own."""

from __future__ import annotations

from studio.api import BadInput
from studio_music.sound.studio import StudioSynth
from studio_music.sound.tones import Synth


def open_synth(name: str, rate: int) -> Synth:
    """Return the synthesiser called "studio", "soundfont" or "auto", for ``rate`` samples a second.

    Raises:
        BadInput: It is not there; says why.
    """
    if name in ("auto", "studio"):
        return StudioSynth(rate)
    raise BadInput("There is no sound font here.", "Choose the studio's own instrument.")
