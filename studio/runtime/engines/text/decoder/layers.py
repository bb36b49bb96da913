"""The parts of a decoder that hold weights from a file, as floats or packed. Reads no file."""

from __future__ import annotations

from torch import Tensor, nn

from studio.runtime.engines.text.decoder.int4_linear import Int4Linear
from studio.runtime.engines.text.formats.quantised_embedding import QuantisedEmbedding
from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix


class Linear(nn.Linear):
    """A product whose weights come from a file, as floats or packed.

    Attributes:
        packed: The weights, if they are packed: ``packed_layers`` multiplies by them, and
            ``weight`` has a shape and no memory.
        four_bits: The weights, if a card multiplies by 4 bits; ``weight`` then has no memory.
        is_away: The weights stay with the processor, which computes the product: of a model that
            is larger than the device of its rows.
    """

    packed: PackedMatrix | None = None
    four_bits: Int4Linear | None = None
    is_away = False

    def reset_parameters(self) -> None:
        """Draw nothing: torch's initialisers use the global generator, which is all jobs'."""

    def forward(self, rows: Tensor) -> Tensor:
        """Return the products of ``rows``, (tokens, inputs), and the bias added."""
        if self.four_bits is not None:
            products = self.four_bits(rows)
            return products if self.bias is None else products.add_(self.bias)
        if self.is_away:
            return super().forward(rows.to(self.weight.device)).to(rows.device)
        return super().forward(rows)


class Embedding(nn.Embedding):
    """A table whose rows come from a file.

    Attributes:
        stored: The rows, if they stay as they are stored; ``weight`` then has no memory.
    """

    stored: QuantisedEmbedding | None = None

    def reset_parameters(self) -> None:
        """Draw nothing, as above."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the rows of ``tokens``."""
        return super().forward(tokens) if self.stored is None else self.stored(tokens)


class RMSNorm(nn.RMSNorm):
    """A norm whose weights come from a file."""

    def reset_parameters(self) -> None:
        """Fill nothing, as above."""
