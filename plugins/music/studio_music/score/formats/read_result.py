"""Result of reading a file: the piece, and remarks on anything not taken over unchanged."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from studio_music.score.piece import Piece


class ReadResult(msgspec.Struct, frozen=True):
    """A piece that was read. Each of ``remarks`` is one sentence for the user."""

    piece: Piece
    remarks: tuple[str, ...] = ()


def once(remarks: Iterable[str]) -> tuple[str, ...]:
    """Return the remarks in their order, each only once."""
    return tuple(dict.fromkeys(remarks))
