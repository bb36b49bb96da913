"""Textual inversions: vectors that stand in a prompt for a word (arXiv:2208.01618)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from studio.api import BadInput

if TYPE_CHECKING:
    from torch import Tensor

_STAND_IN = "x"
"""A word of one token, in whose place each vector is put."""


@dataclass
class Inversion:
    """A loaded textual inversion.

    Attributes:
        title: The word it stands for.
        stamp: Which file it is, for what is kept of pictures made with it.
        vectors: Part (``te1``, ``te2``) → (tokens, width).
    """

    title: str
    stamp: str
    vectors: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def length(self) -> int:
        """How many tokens it takes."""
        return max((len(vectors) for vectors in self.vectors.values()), default=0)

    def to(self, device: str) -> None:
        """Move it to another memory."""
        self.vectors = {part: tensor.to(device) for part, tensor in self.vectors.items()}


class Piece(NamedTuple):
    """A part of a prompt: how much it counts, and the inversion whose stand-ins it is."""

    text: str
    weight: float
    inversion: Inversion | None = None


def placed(pieces: Sequence[tuple[str, float]], inversions: Sequence[Inversion]) -> list[Piece]:
    """Return the pieces with each inversion's word exchanged for its stand-ins."""
    by_title = {item.title.lower(): item for item in inversions}
    if not by_title:
        return [Piece(text, weight) for text, weight in pieces]
    longest_first = sorted(by_title, key=len, reverse=True)
    word = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    placed_pieces = []
    for text, weight in pieces:
        for number, part in enumerate(word.split(text)):
            inversion = by_title[part.lower()] if number % 2 else None
            words = " ".join([_STAND_IN] * inversion.length) if inversion else part
            if words:
                placed_pieces.append(Piece(words, weight, inversion))
    return placed_pieces


def check(pipe: Any, inversion: Inversion) -> None:
    """Check that an inversion was made for text encoders like these.

    Raises:
        BadInput: It was not.
    """
    for part, encoder in encoders(pipe).items():
        width = encoder.config.hidden_size
        vectors = inversion.vectors.get(part)
        if vectors is None or vectors.shape[-1] != width:
            has = "none" if vectors is None else f"{vectors.shape[-1]} numbers"
            raise BadInput(
                f"The textual inversion “{inversion.title}” was made for another base model: a "
                f"text encoder of this one takes {width} numbers, and it has {has}.",
                "Choose a model that fits it, or remove its word from the prompt.",
            )


def encoders(pipe: Any) -> dict[str, Any]:
    """Return the text encoders of a pipeline by their part."""
    modules = {"te1": pipe.text_encoder, "te2": getattr(pipe, "text_encoder_2", None)}
    return {part: encoder for part, encoder in modules.items() if encoder is not None}


@contextmanager
def spoken(pipe: Any, plans: Sequence[Sequence[tuple[int, Inversion, int]]]) -> Iterator[None]:
    """Let text encoders read vectors where stand-ins are. Never held across a ``yield`` of a task.

    Args:
        plans: For each text in the order in which an encoder reads them: the place of a token, the
            inversion, and which of its vectors.
    """
    hooks = []
    try:
        for part, encoder in encoders(pipe).items() if any(plans) else ():
            owner = getattr(encoder, "text_model", encoder).embeddings.token_embedding
            hooks.append(owner.register_forward_hook(_exchange(part, [*plans])))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _exchange(part: str, plans: list[Sequence[tuple[int, Inversion, int]]]) -> Any:
    def exchange(module: Any, args: tuple[Any, ...], output: Tensor) -> Tensor:
        output = output.clone()
        for place, inversion, number in plans.pop(0) if plans else ():
            output[:, place] = inversion.vectors[part][number].to(output)
        return output

    return exchange
