"""What the engine asks of whatever computes scores: our decoder, or one of another library.

Texts are rendered, cut into tokens, sampled, constrained and ended in the same way by all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, Self

from torch import Tensor, device

if TYPE_CHECKING:
    from studio.runtime.engines.text.decoder.llama import Passage
    from studio.runtime.engines.text.formats.config import LlamaConfig


class Cache(Protocol):
    """What has been read of one text.

    Attributes:
        length: Tokens in it. May be set to less: the last ones are forgotten.
        capacity: Tokens that it has room for.
    """

    length: int
    capacity: int

    def start_as(self, other: Self) -> None:
        """Copy what ``other``, of the same model, has read."""
        ...


class Decoder(Protocol):
    """Reads tokens and gives the scores of what may follow."""

    @property
    def config(self) -> LlamaConfig:
        """Its sizes."""
        ...

    @property
    def engine(self) -> str:
        """What computes, with its version, as records name it."""
        ...

    @property
    def is_packed(self) -> bool:
        """Whether no row's bits depend on the rows beside it."""
        ...

    @property
    def weights_bytes(self) -> int:
        """Memory that the weights take."""
        ...

    @property
    def device(self) -> device:
        """Where scores come."""
        ...

    def new_cache(self, capacity: int) -> Cache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        ...

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """Return float32 scores, (sum of wanted, vocabulary): see ``llama.Llama.read``."""
        ...
