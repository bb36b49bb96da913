"""Long prompts: cut where a word ends into chunks that a text encoder reads one by one.

AUTOMATIC1111's web UI cuts after 75 tokens too; what the chunks say is put one after the other.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from typing import Any

from studio_image.additions.inversion import Piece


def chunks(reader: Any, pieces: list[Piece]) -> list[list[Piece]]:
    """Return a prompt in chunks of as many tokens as ``reader`` takes, without its first and last.

    A word, and the stand-ins of an inversion, stay whole if they fit into one chunk. There is
    always one chunk, if an empty one.
    """
    most = reader.model_max_length - 2
    text = "".join(piece.text for piece in pieces)
    read = reader(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    if len(read.input_ids) <= most:
        return [pieces]
    cuts, held = [], 0
    for start, size in _units(read, pieces, most):
        if held + size > most:
            cuts.append(start)
            held = 0
        held += size
    return [_part(pieces, start, stop) for start, stop in itertools.pairwise([0, *cuts, len(text)])]


def _units(read: Any, pieces: list[Piece], most: int) -> Iterator[tuple[int, int]]:
    """Yield where in the text each unit begins that is not to be cut, and its number of tokens."""
    ends = list(itertools.accumulate(len(piece.text) for piece in pieces))
    words = read.word_ids()

    def unit(token: tuple[int, Any]) -> tuple[bool, int | None]:
        number, (start, _) = token
        piece = min(bisect.bisect_right(ends, start), len(pieces) - 1)
        is_whole = pieces[piece].inversion is not None
        return is_whole, piece if is_whole else words[number]

    for _, tokens in itertools.groupby(enumerate(read.offset_mapping), unit):
        starts = [start for _, (start, _) in tokens]
        if len(starts) > most:
            yield from ((start, 1) for start in starts)
        else:
            yield starts[0], len(starts)


def _part(pieces: list[Piece], start: int, stop: int) -> list[Piece]:
    """Return the pieces of the text from ``start`` to ``stop``."""
    weighed, place = [], 0
    for piece in pieces:
        text = piece.text[max(0, start - place) : max(0, stop - place)]
        place += len(piece.text)
        if text:
            weighed.append(piece._replace(text=text))
    return weighed
