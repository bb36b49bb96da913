"""Rows of inputs as whole numbers of one or two bytes. Makes none, multiplies none.

``BLOCK`` neighbouring inputs share a scale. Products of whole numbers are whole numbers, so their
sums are exact: the order in which a kernel adds them, the rows beside a row and the number of
threads change nothing.

Blocks of up to ``TOGETHER`` tokens lie side by side, so that a kernel that multiplies them together
finds all in a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASE = 256
"""What a high byte counts, in low ones; both are between −128 and 127."""
UNITS = (127, 127 * BASE + 127)
"""The whole number of the largest input of a block, with one byte plane and with two."""
BLOCK = 32
"""Neighbouring inputs that share a scale; the last ones are filled up by zeros."""
TOGETHER = 12
"""Tokens that lie side by side, unless there are fewer."""

SCALES_BYTES, STARTS_BYTES = 8, 12
"""Of a block of a token."""


@dataclass(frozen=True)
class QuantisedActivations:
    """Rows of inputs, ready to be multiplied.

    Attributes:
        tokens: How many rows there are; the last group may have room for more.
        values: int8, (groups, blocks, tokens of a group, byte planes, ``BLOCK``): low bytes, and
            high ones if a number has two.
        scales: float32, (groups, blocks, tokens of a group, 2): of each block its step, so that an
            input is its whole number times this, and its sum of whole numbers, negative.
        starts: int32, (groups, blocks, tokens of a group, 3): to what a kernel adds products where
            weights are ``ZERO`` too large, for a whole block and for each half of it.
    """

    tokens: int
    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    starts: NDArray[np.int32]


def empty(tokens: int, columns: int, count: int) -> QuantisedActivations:
    """Return room for rows of inputs, ``count`` byte planes of each number."""
    group = min(max(tokens, 1), TOGETHER)
    shape = -(-tokens // group), -(-columns // BLOCK), group
    made = QuantisedActivations(
        tokens,
        np.empty((*shape, count, BLOCK), np.int8),
        np.empty((*shape, 2), np.float32),
        np.empty((*shape, 3), np.int32),
    )
    if tokens % group:  # tiles multiply what nobody fills, too: chance is slow where it is tiny
        for part in (made.values, made.scales, made.starts):
            part[-1] = 0
    return made
