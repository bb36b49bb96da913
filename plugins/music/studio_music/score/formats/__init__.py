"""Files of music: MIDI, MusicXML and ABC, each read into a piece and written from one.

What is inside a file decides over its ending. Loaded by the runtime only.
"""

from __future__ import annotations

from typing import Final

import msgspec

from studio.api import BadInput
from studio_music.score.formats.abc import reader as abc_reader
from studio_music.score.formats.abc import writer as abc_writer
from studio_music.score.formats.bars import FINE
from studio_music.score.formats.midi import files
from studio_music.score.formats.musicxml import reader as musicxml_reader
from studio_music.score.formats.musicxml import writer as musicxml_writer
from studio_music.score.formats.read_result import ReadResult
from studio_music.score.piece import Piece

__all__ = ["ReadResult", "losses", "read", "write"]

_READERS: Final = {
    ".mid": files.read,
    ".midi": files.read,
    ".musicxml": musicxml_reader.read,
    ".xml": musicxml_reader.read,
    ".mxl": musicxml_reader.read,
    ".abc": abc_reader.read,
}
_WRITERS: Final = {
    ".mid": files.write,
    ".midi": files.write,
    ".musicxml": musicxml_writer.write,
    ".xml": musicxml_writer.write,
    ".abc": abc_writer.write,
}


def read(data: bytes, suffix: str = "") -> ReadResult:
    """Return the piece of a file, and remarks on anything not taken over unchanged.

    Raises:
        BadInput: It is of no known format, or it cannot be used; the message says why.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise BadInput("This file is empty.", "Choose a MIDI, MusicXML or ABC file.")
    inside = _kind(data) or suffix.lower()
    if inside not in _READERS:
        raise BadInput(
            "This is not a supported score file.", "Choose a MIDI, MusicXML or ABC file."
        )
    return _READERS[inside](data)


def _kind(data: bytes) -> str:
    """Return the file ending that the content implies, "" if it is ambiguous."""
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[:4] == b"MThd" or (data[:4] == b"RIFF" and data[8:12] == b"RMID"):
        return ".mid"
    if start.startswith((b"<", b"PK\x03\x04")) or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ".musicxml"
    return ".abc" if abc_reader.looks_like(start) else ""


def write(piece: Piece, suffix: str) -> bytes:
    """Return ``piece`` as a file with this ending; ``losses`` says what that does not keep.

    Raises:
        BadInput: There is no such format, or the piece is too long for it.
    """
    if suffix.lower() not in _WRITERS:
        raise BadInput(
            f"Scores cannot be exported as “{suffix}”.", "Choose .mid, .musicxml or .abc."
        )
    return _WRITERS[suffix.lower()](piece)


def losses(piece: Piece, suffix: str) -> tuple[str, ...]:
    """Return the losses of saving ``piece`` with this ending, one sentence each."""
    suffix = suffix.lower()
    if suffix in (".mid", ".midi"):
        return ()
    notes = [note for track in piece.tracks for note in track.notes]
    sentences = []
    off = sum(
        not FINE.holds(msgspec.structs.replace(n, start=n.start - piece.pickup)) for n in notes
    )
    if off:
        sentences.append(
            f"{off:,} of {len(notes):,} notes were moved to the nearest 64th note or 32nd "
            "triplet, the finest grid of a score."
        )
    if any(note.pitch < 12 for track in piece.tracks if not track.drums for note in track.notes):
        sentences.append("Notes below C0 are written an octave higher.")
    return (*sentences, *(abc_writer.losses(piece) if suffix == ".abc" else ()))
