"""How many bytes the inputs of a packed model have: one where that is close enough, else two.

With one, a large model reads twice as fast. What it costs depends on the model, so its first load
measures it, on a fixed text, and records the result. Small models are fast enough with two.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from studio.runtime.engines.text.caches.measurements import Measurements
from studio.runtime.engines.text.caches.paths import CLOSENESS, identity
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.protocol import Passage, chunk_size
from studio.runtime.engines.text.kernels.packed_matrix import LAYOUT

LARGE = 500_000_000
"""Weights of a model for which one byte is tried."""
MOST_DIVERGENCE = 0.01
"""Nats: how far scores may be from those of two bytes, in the mean of the text."""
TOKENS = 48
TEXT = """The ferry left at ten past six, and by the time the harbour lights were out of sight the
captain had finished his coffee. "If the wind turns, we shall be early," he said; it did not turn.

def shortest(words: list[str]) -> str:
    return min(words, key=len) if words else ""

Answer in one sentence: why is ice lighter than water?"""

log = logging.getLogger(__name__)


def planes_of(
    model: Llama, ids: Sequence[int], path: Path, cache: Path | None
) -> Generator[float, None, int]:
    """Return how many byte planes the inputs of ``model`` have; yield while that is measured.

    Args:
        model: Packed, and full.
        ids: Of ``TEXT``.
        path: Of the weights.
        cache: Folder of caches; None keeps nothing.
    """
    if model.config.parameters < LARGE:
        return 2
    measured = Measurements(cache / CLOSENESS if cache is not None else None, float)
    key = f"{identity(path, cache)} {LAYOUT}"
    divergence = measured.get(key)
    if divergence is None:
        exact = yield from _scores(model, ids, 2)
        divergence = mean_divergence(exact, (yield from _scores(model, ids, 1)))
        measured.put(key, divergence)
        log.info("%s: inputs of one byte cost %.2g nats", path.name, divergence)
    return 1 if divergence <= MOST_DIVERGENCE else 2


def mean_divergence(exact: Tensor, other: Tensor) -> float:
    """Return the mean KL divergence of scores from exact ones, both (tokens, vocabulary)."""
    shares = exact.log_softmax(-1)
    return float((shares.exp() * (shares - other.log_softmax(-1))).sum(-1).mean())


def _scores(model: Llama, ids: Sequence[int], planes: int) -> Generator[float, None, Tensor]:
    """Return the scores after each token, (tokens, vocabulary), with so many byte planes."""
    model.cut_inputs(planes)
    cache, scores = model.new_cache(len(ids)), []
    chunk = chunk_size(model.config.parameters, "cpu") // 4
    for first in range(0, len(ids), chunk):
        tokens = torch.tensor(ids[first : first + chunk])
        scores.append(model.read([Passage(tokens, cache, len(tokens))]))
        yield 1.0
    return torch.cat(scores)
