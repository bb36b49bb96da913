"""Rows of inputs as whole numbers of 15 bits, cut into two bytes. Makes none, multiplies none.

Products of bytes are whole numbers, so their sums are exact: the order in which a kernel adds them,
the rows beside a row and the number of threads change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASE = 256
"""What a high byte counts, in low ones."""
ZERO = 64
"""What stands for zero in both bytes: one factor of the kernels' products has no sign."""
UNIT = 127 * BASE + 255 - ZERO * (BASE + 1)
"""Steps that the largest input of a row has."""
OFFSET = ZERO * (BASE + 1)
"""The whole number that stands for an input of zero."""
BLOCK = 64
"""Inputs are filled up to a multiple of this, by bytes that meet weights of zero."""


@dataclass(frozen=True)
class Limbs:
    """Rows of inputs, ready to be multiplied.

    Attributes:
        values: uint8, (2 × tokens, columns up to a multiple of ``BLOCK``): the low bytes of the
            first token, its high bytes, the low bytes of the second token, and so on.
        largest: float32, (tokens,): the largest input of each, without its sign. Inputs are
            (low + BASE × high − OFFSET) × largest / UNIT.
    """

    values: NDArray[np.uint8]
    largest: NDArray[np.float32]

    @property
    def tokens(self) -> int:
        """How many rows of inputs there are."""
        return len(self.largest)


def empty(tokens: int, columns: int) -> Limbs:
    """Return limbs to be written."""
    width = -(-columns // BLOCK) * BLOCK
    return Limbs(np.empty((2 * tokens, width), np.uint8), np.empty(tokens, np.float32))
