"""The bars of a piece, each with its place in a phrase."""

from __future__ import annotations

import msgspec

from studio_music.score.piece import Metre, Piece

PHRASE_BARS = 4


class Bar(msgspec.Struct, frozen=True):
    """One bar: ``number`` from 0, ``start`` and ``end`` in ticks; ``is_last`` of the piece."""

    number: int
    start: int
    end: int
    metre: Metre
    is_last: bool

    @property
    def phrase(self) -> int:
        """Number of its phrase, from 0."""
        return self.number // PHRASE_BARS

    @property
    def place(self) -> int:
        """Place in its phrase, from 0."""
        return self.number % PHRASE_BARS

    @property
    def ends_phrase(self) -> bool:
        """Whether a phrase ends with it."""
        return self.place == PHRASE_BARS - 1 or self.is_last


def bars_of(piece: Piece) -> list[Bar]:
    """Return the bars of ``piece`` up to its end, without the pickup; one at least."""
    starts = piece.bar_starts()[bool(piece.pickup) :] or [0]
    ends = [*starts[1:], max(piece.end, starts[-1] + 1)]
    bars = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        metre = [change.metre for change in piece.metres if change.tick <= start][-1]
        bars.append(Bar(number, start, end, metre, number == len(starts) - 1))
    return bars
