"""The interface of all that computes scores: our decoder, or one of another library.

Texts are rendered, cut into tokens, sampled, constrained and ended in the same way by all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from torch import Tensor, device

if TYPE_CHECKING:
    from studio.runtime.engines.text.formats.config import LlamaConfig

LARGEST_CHUNK = 512
"""Prompt tokens a step on a device that is no processor."""

_STEP_WORK = 150_000_000_000
"""Tokens × weights of a step on a processor: about half a second on one core."""

_TOGETHER = 12
"""Tokens of a step on a processor are multiples of this: kernels multiply so many at once."""


def chunk_size(parameters: int, device: str) -> int:
    """Return how many prompt tokens are read at once: many for speed, few for a quick cancel.

    It depends on nothing that changes between runs, so the same prompt is always cut at the same
    places: as floats, it gives the same bits only then.
    """
    if device != "cpu":
        return LARGEST_CHUNK
    fitting = _STEP_WORK // parameters // _TOGETHER * _TOGETHER
    return min(max(fitting, 2 * _TOGETHER), 22 * _TOGETHER)


@dataclass(frozen=True)
class Passage:
    """The tokens that are read next of one text.

    Attributes:
        tokens: int64, (tokens,), with the processor: a piece of the prompt, or the token chosen
            last.
        cache: Of this text, made by the decoder that reads it; the tokens are added to it.
        wanted: After how many of its last tokens the scores are asked for.
    """

    tokens: Tensor
    cache: Any
    wanted: int = 1


class Cache(Protocol):
    """The part of one text that has been read.

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
        """The library that computes, with its version, as records name it."""
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
        """The device of the scores."""
        ...

    def new_cache(self, capacity: int) -> Cache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        ...

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """Read passages of different texts.

        Returns:
            The scores of what follows the last ``wanted`` tokens of each passage, in order:
            float32, (sum of wanted, vocabulary).

        Raises:
            ValueError: A cache has no room.
        """
        ...
