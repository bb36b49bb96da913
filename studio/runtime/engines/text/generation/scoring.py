"""How likely a model finds a text that is there already. Writes and samples nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.llama import Passage
from studio.runtime.engines.text.decoder.protocol import Decoder
from studio.runtime.engines.text.generation.batching import at_hand
from studio.runtime.engines.text.generation.generation import chunk_size


def scores_of(model: Decoder, ids: Sequence[int], start: int) -> Iterator[list[float]]:
    """Yield the natural logarithms of the probabilities of ``ids[start:]``, a chunk at a time.

    Args:
        start: At least 1: before the first token nothing is known.

    Raises:
        StudioError: The scores are no numbers.
    """
    read = ids[:-1]  # after the last token nothing is asked
    cache = model.new_cache(len(ids))
    size = chunk_size(model.config.parameters, model.device.type)
    for begin in range(0, len(read), size):
        tokens = torch.tensor(read[begin : begin + size])
        end = begin + len(tokens)
        wanted = max(0, min(len(tokens), end - start + 1))
        scores = model.read([Passage(tokens, cache, max(1, wanted))])
        if not wanted:
            yield []
            continue
        chances = torch.log_softmax(at_hand(scores).float(), 1)
        if not bool(chances.isfinite().any(1).all()):
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                "The model produced invalid numbers, so no text can be scored.",
                "The file may be damaged: verify it, or choose another model.",
            )
        following = torch.tensor(ids[end - wanted + 1 : end + 1])
        yield chances.gather(1, following[:, None])[:, 0].tolist()
