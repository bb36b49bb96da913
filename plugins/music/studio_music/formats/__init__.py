"""Files of music: MIDI, MusicXML and ABC, each read into a piece and written from one.

What is inside a file decides over its ending. Loaded by the runtime only.
"""

from __future__ import annotations

from studio.api import BadInput
from studio_music.formats import midi
from studio_music.formats.opened import Opened
from studio_music.piece import Piece

__all__ = ["Opened", "read", "write"]


def read(data: bytes, suffix: str = "") -> Opened:
    """Return the piece of a file, and remarks on what was not taken over as it was.

    Raises:
        BadInput: It is of no known format, or it cannot be used; the message says why.
    """
    return midi.read(data)


def write(piece: Piece, suffix: str) -> bytes:
    """Return ``piece`` as a file with this ending: ".mid"."""
    if suffix.lower() in (".mid", ".midi"):
        return midi.write(piece)
    raise BadInput(f"A score cannot be written as “{suffix}”.", "Choose .mid, .musicxml or .abc.")
