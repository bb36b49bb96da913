"""Map the unknown words of a prompt to the nearest captions, with a text encoder if installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.api import BadInput, EmbeddingEngine, ErrorCode, StudioError, TaskContext
from studio_image.starter.prompt import Reading, strangers, understand

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.starter.weights import Starter

ENCODER = "all-minilm-l6-v2"
"""Weights that turn words into vectors; without them, a word that is not known stays so."""
LEAST = 0.665
"""Cosine from which on a caption stands for a word: kitten is 0.79 from cat and mansion 0.72 from
house, but orc, 0.661 from orca, is nothing of the kind."""

_KEPT: dict[tuple[str, tuple[str, ...]], Tensor] = {}
"""Those of the last captions."""


def read(ctx: TaskContext, prompt: str, style: str, starter: Starter) -> Reading:
    """Return the captions that a prompt names, or the nearest ones if all words are unknown.

    Raises:
        BadInput: No caption is near enough.
    """
    try:
        return understand(prompt, style, starter)
    except BadInput:
        near = nearest(ctx, strangers(prompt, style, starter), sorted(starter.captions))
        if near is None:
            raise
    return understand(prompt, style, starter, {near[0]: near[1]})


def nearest(
    ctx: TaskContext, words: Sequence[str], captions: Sequence[str]
) -> tuple[str, str] | None:
    """Return the word that is nearest to a caption, and the caption; None if all are far."""
    if not words:
        return None
    try:
        with ctx.lease(ENCODER) as engine:
            word_vectors, caption_vectors = _vectors(engine, words), _kept(engine, captions)
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return None
    alike = word_vectors @ caption_vectors.T
    word, caption = divmod(int(alike.argmax()), len(captions))
    return (words[word], captions[caption]) if float(alike.max()) >= LEAST else None


def _kept(engine: EmbeddingEngine, captions: Sequence[str]) -> Tensor:
    """Return the vectors of captions: computed once in a process, for they take two seconds."""
    key = engine.fingerprint, tuple(captions)
    if key not in _KEPT:
        _KEPT.clear()
        _KEPT[key] = _vectors(engine, captions)
    return _KEPT[key]


def _vectors(engine: EmbeddingEngine, texts: Sequence[str]) -> Tensor:
    import torch

    vectors = torch.empty(len(texts), engine.width)
    for places, rows in engine.embed(texts):
        vectors[list(places)] = rows.float().cpu()
    return vectors
