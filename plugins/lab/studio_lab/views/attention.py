"""Where the heads of a transformer look while they read a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from studio_lab.networks.decoder_transformer import DecoderTransformer
from studio_lab.networks.encoder_decoder import EncoderDecoder
from studio_lab.views.predictions import attention_heat, words
from studio_lab.views.view import Picture, View, grid

START = "▷"
"""What stands before the first token."""


@torch.no_grad()
def heads(
    network: DecoderTransformer, tokens: Tensor, vocabulary: Sequence[str], block: int
) -> list[View]:
    """Return all heads of all blocks as a picture, and each head of one block as a chart.

    Args:
        tokens: (L,), read from the first one on.
        block: From 1; a higher one than there is means the last.
    """
    device = next(network.parameters()).device
    read = F.pad(tokens, (1, 0), value=network.start)[: network.shape.length]
    seen = network.attention(read.to(device)[None])[:, 0].float().cpu().numpy()
    names = [START, *words(read[1:], vocabulary)]
    block = min(block, len(seen))
    return [
        View("All heads", overview(seen)),
        *(
            View(title, attention_heat(title, head, names, names))
            for number, head in enumerate(seen[block - 1], 1)
            for title in [f"Attention, block {block}, head {number}"]
        ),
    ]


@torch.no_grad()
def looks_back(
    network: EncoderDecoder, source: Tensor, written: Tensor, vocabulary: Sequence[str], block: int
) -> list[View]:
    """Return where each head of one block looks in a source while the target is written.

    Args:
        source, written: (L,) tokens, filled with the first of the vocabulary.
    """
    device = next(network.parameters()).device
    before = F.pad(written[:-1], (1, 0), value=network.shape.vocabulary).to(device)[None]
    memory = network.read(source.to(device)[None])
    x, weights = network.embedding(before) + network.places[: before.shape[1]], []
    looking: list[Any] = [*network.looking]
    for writes, looks in zip(network.writing, looking, strict=True):
        x = writes(x)
        query = looks.ask(looks.norm(x)).unflatten(2, (looks.heads, -1)).transpose(1, 2)
        key = looks.offer(memory).unflatten(2, (2, looks.heads, -1)).permute(2, 0, 3, 1, 4)[0]
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        weights.append(scores.softmax(-1)[0].float().cpu().numpy())
        x = looks(x, memory)
    block = min(block, len(weights))
    high, wide = _length(written), _length(source)
    names = words(written[:high], vocabulary), words(source[:wide], vocabulary)
    return [
        View(title, attention_heat(title, head[:high, :wide], *names))
        for number, head in enumerate(weights[block - 1], 1)
        for title in [f"Attention, block {block}, head {number}"]
    ]


def _length(tokens: Tensor) -> int:
    """Return how many tokens there are, with the first that only fills."""
    filled = (tokens == 0).nonzero()
    return int(filled[0]) + 1 if len(filled) else len(tokens)


def overview(weights: np.ndarray) -> Picture:
    """Return (blocks, heads, L, L) weights: a row for each block, light where a head looks."""
    most = weights.max(-1, keepdims=True)
    light = (255 * weights / np.maximum(most, 1e-9)).astype(np.uint8)
    blocks, heads_each, high, wide = light.shape
    pictures = light.reshape(blocks * heads_each, high, wide)
    return grid(np.repeat(pictures[..., None], 3, 3), heads_each, gap=2)
