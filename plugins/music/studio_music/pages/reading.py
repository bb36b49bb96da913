"""Reading scores beside the window: a result or its error, both come back. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.api import BadInput, StudioError
from studio_music.piece import Piece

LARGEST = 64 << 20


def outcome(call: Callable[[], Any]) -> Any:
    """Return what ``call`` returns, or its error."""
    try:
        return call()
    except StudioError as error:
        return error
    except OSError as error:
        return BadInput(f"The file cannot be read or written: {error.strerror or error}.")


def read_piece(path: Path) -> Piece:
    """Return the piece of a score of the library.

    Raises:
        StudioError: It is no score, or too large.
        OSError: It cannot be read.
    """
    from studio_music.formats import read

    size = path.stat().st_size
    if size > LARGEST:
        raise BadInput(f"{path.name} has {size >> 20} MiB; scores have at most {LARGEST >> 20}.")
    return read(path.read_bytes(), path.suffix).piece
