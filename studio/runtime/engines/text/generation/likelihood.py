"""How likely a model finds a text that is there already. Writes and samples nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.protocol import Decoder, Passage, chunk_size
from studio.runtime.engines.text.generation.batcher import at_hand

LONGEST = 128
"""Tokens of a text that is remembered: the next one may begin alike, with another end."""

Last = dict[str, tuple[list[int], Any]]
"""What was read last, and its cache; at most one. Taken out by whoever uses it."""
_LAST = "last"


def scores_of(model: Decoder, ids: Sequence[int], start: int, last: Last) -> Iterator[list[float]]:
    """Yield the natural logarithms of the probabilities of ``ids[start:]``, a chunk at a time.

    Args:
        start: At least 1: before the first token nothing is known.
        last: What the model read last for this; a beginning in common is not read again.

    Raises:
        StudioError: The scores are no numbers.
    """
    read = list(ids[:-1])  # after the last token nothing is asked
    known, cache = last.pop(_LAST, ([], None))
    if cache is None or cache.capacity < len(ids):
        known, cache = [], model.new_cache(max(len(ids), LONGEST))
    cache.length = min(_alike(known, read), start - 1)
    size = chunk_size(model.config.parameters, model.device.type)
    while cache.length < len(read):
        tokens = torch.tensor(read[cache.length : cache.length + size])
        end = cache.length + len(tokens)
        wanted = max(0, min(len(tokens), end - start + 1))
        scores = model.read([Passage(tokens, cache, max(1, wanted))])
        yield _following(scores, ids[end - wanted + 1 : end + 1]) if wanted else []
    if model.is_packed and len(ids) <= LONGEST:  # of which no bit depends on how it was read
        last[_LAST] = read, cache


def _alike(known: Sequence[int], read: Sequence[int]) -> int:
    """Return how many tokens both begin with."""
    pairs = enumerate(zip(known, read, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(known), len(read)))


def _following(scores: torch.Tensor, tokens: Sequence[int]) -> list[float]:
    """Return how likely ``tokens`` are by the scores before each, (tokens, vocabulary)."""
    chances = torch.log_softmax(at_hand(scores).float(), 1)
    if not bool(chances.isfinite().any(1).all()):
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            "The model produced invalid numbers, so no text can be scored.",
            "The file may be damaged: verify it, or choose another model.",
        )
    found: list[float] = chances.gather(1, torch.tensor(list(tokens))[:, None])[:, 0].tolist()
    return found
