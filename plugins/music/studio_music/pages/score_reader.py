"""Reading scores of the library: takes as long as the disk. Shows nothing."""

from __future__ import annotations

from pathlib import Path

from studio.api import BadInput, read_regular
from studio_music.score.piece import Piece

LARGEST = 64 << 20


def read_piece(path: Path) -> Piece:
    """Return the piece of a score of the library.

    Raises:
        StudioError: It is no score, or too large.
        OSError: It cannot be read.
    """
    from studio_music.score.formats import read

    size = path.stat().st_size
    if size > LARGEST:
        raise BadInput(f"{path.name} has {size >> 20} MiB; scores have at most {LARGEST >> 20}.")
    return read(read_regular(path), path.suffix).piece
