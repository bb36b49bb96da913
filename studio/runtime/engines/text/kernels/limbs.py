"""Rows of inputs as whole numbers of 16 bits, cut into two bytes. Makes none, multiplies none.

Products of whole numbers are whole numbers, so their sums are exact: the order in which a kernel
adds them, the rows beside a row and the number of threads change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASE = 256
"""What a high byte counts, in low ones; both are between −128 and 127."""
UNIT = 127 * BASE + 127
"""The whole number of the largest input of a row."""
GROUP = 16
"""Neighbouring inputs of which the sum is known: weights with a floor ask for it."""
BLOCK = 32
"""Inputs are filled up to a multiple of this, by zeros."""


@dataclass(frozen=True)
class Limbs:
    """Rows of inputs, ready to be multiplied.

    Attributes:
        values: int8, (2 × tokens, columns up to a multiple of ``BLOCK``): the low bytes of the
            first token, its high bytes, the low bytes of the second token, and so on.
        sums: int32, (tokens, columns / ``GROUP``): of the whole numbers.
        steps: float32, (tokens,): an input is its whole number times this.
    """

    values: NDArray[np.int8]
    sums: NDArray[np.int32]
    steps: NDArray[np.float32]

    @property
    def tokens(self) -> int:
        """How many rows of inputs there are."""
        return len(self.steps)

    def part(self, tokens: slice) -> Limbs:
        """Return those of some tokens, uncopied."""
        both = slice(2 * tokens.start, 2 * tokens.stop)
        return Limbs(self.values[both], self.sums[tokens], self.steps[tokens])


def empty(tokens: int, columns: int) -> Limbs:
    """Return limbs to be written."""
    width = -(-columns // BLOCK) * BLOCK
    return Limbs(
        np.empty((2 * tokens, width), np.int8),
        np.empty((tokens, width // GROUP), np.int32),
        np.empty(tokens, np.float32),
    )
