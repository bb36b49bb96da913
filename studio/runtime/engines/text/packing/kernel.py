"""What a kernel that multiplies whole numbers offers. Multiplies nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor


class Kernel(Protocol):
    """A module of this package. Packed weights are whatever it likes; ``Any`` here.

    Attributes:
        NAME: What caches on disk are marked by: another name, other bytes.
        BASE: What the high limbs of inputs count, in low ones.
        CAN_BE_KEPT: Whether packed weights can be written to disk and read back.
        UNIT: Steps of the low limb that the largest input of a row has.
    """

    NAME: str
    CAN_BE_KEPT: bool
    BASE: int
    UNIT: int

    def is_available(self) -> bool:
        """Return whether this torch and this processor have it."""
        ...

    def packed_bytes(self, rows: int, columns: int) -> int:
        """Return the memory that one packed limb takes."""
        ...

    def pack(self, values: Tensor, scale: Tensor) -> Any:
        """Pack one limb of weights; it may go on in the background until ``settle``.

        Args:
            values: int8, (rows, columns), between −127 and 127.
            scale: float64, (rows,): what a product of a row is multiplied by.
        """
        ...

    def settle(self, packed: Any) -> Any:
        """Return what ``pack`` gave when it is ready to multiply."""
        ...

    def to_plain(self, packed: Any) -> list[Tensor]:
        """Return plain tensors that make up ``packed``, uncopied."""
        ...

    def from_plain(self, rows: int, columns: int, plain: Sequence[Tensor]) -> Any:
        """Return packed weights from copies of what ``to_plain`` gave.

        Raises:
            ValueError: They are not of that size, or of another processor's layout.
        """
        ...

    def split(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Cut float32 inputs, (tokens, columns), into limbs.

        Returns:
            Low, then high limbs, (2 × tokens, columns), in the type that ``multiply`` takes; and
            the largest input of each row, (tokens, 1).
        """
        ...

    def multiply(self, limbs: Tensor, packed: Any) -> Tensor:
        """Return the products of limbs with all rows, scaled: float32, (limbs, rows)."""
        ...
