"""Encode prompts with the pipeline's own encoders, token weights and additions.

Weights are applied as in AUTOMATIC1111's web UI: the vector of each token is multiplied, then all
are scaled to restore the mean.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from studio_image.additions import inversion, lora
from studio_image.additions.inversion import Piece
from studio_image.diffusion import prompt_words
from studio_image.diffusion.model import DiffusionModel
from studio_image.diffusion.prompt_chunks import chunks

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.diffusion.wish import Wish

_NO_MEAN = 1e-4
"""A mean is none that is so small beside the numbers: to scale by it would scale by rounding."""


def encode(model: DiffusionModel, wish: Wish, least: int = 1) -> dict[str, Any]:
    """Return the text conditioning; negative embeddings first when guided.

    Args:
        least: Minimum number of chunks; missing ones are padded with empty text.
    """
    import torch

    if model.family:
        guided = model.family.guided and wish.guidance > 1
        positive = "".join(text for text, _ in prompt_words.weighed(wish.prompt))
        with lora.added(model.layers if wish.loras else {}, wish.loras):
            return model.family.encode(wish, positive, guided=guided)
    prompt, negative = (_chunks(model, text, wish) for text in (wish.prompt, wish.negative))
    most = max(least, len(prompt), len(negative))
    nothing = [Piece("", 1.0)]
    prompt += [nothing] * (most - len(prompt))
    negative += [nothing] * (most - len(negative))
    guided, is_silent = wish.guidance > 1, not wish.negative
    with ExitStack() as stack:
        stack.enter_context(lora.added(model.layers if wish.loras else {}, wish.loras))
        stack.enter_context(_skipping(model, wish.clip_skip))
        chunks = [
            _encoded(model, positive, None if is_silent else unsaid, guided=guided)
            for positive, unsaid in zip(prompt, negative, strict=True)
        ]
    words = torch.cat([chunk[0] for chunk in chunks], dim=1)
    if guided:
        words = torch.cat([torch.cat([chunk[1] for chunk in chunks], dim=1), words])
    if not model.is_xl:
        return {"encoder_hidden_states": words}
    pooled, negative_pooled = chunks[0][2:]  # of the first chunk alone
    size = (wish.height, wish.width)
    times = model.pipe._get_add_time_ids(
        size, (0, 0), size, words.dtype, model.pipe.text_encoder_2.config.projection_dim
    ).to(model.device)
    if guided:
        pooled, times = torch.cat([negative_pooled, pooled]), torch.cat([times, times])
    conditions = {"text_embeds": pooled, "time_ids": times}
    return {"encoder_hidden_states": words, "added_cond_kwargs": conditions}


def length(model: DiffusionModel, wish: Wish) -> int:
    """Return how many chunks the words of ``wish`` take."""
    if model.family:
        return 1
    return max(len(_chunks(model, text, wish)) for text in (wish.prompt, wish.negative))


def _chunks(model: DiffusionModel, text: str, wish: Wish) -> list[list[Piece]]:
    placed = inversion.placed(prompt_words.weighed(text), wish.inversions)
    return chunks(model.pipe.tokenizer, placed)


def _encoded(
    model: DiffusionModel, positive: list[Piece], unsaid: list[Piece] | None, *, guided: bool
) -> tuple[Any, ...]:
    """Encode one chunk of prompt and negative prompt, with token weights."""
    against = unsaid or []
    plans = [_vectors(model, pieces) for pieces in (positive, against)]
    with inversion.spoken(model.pipe, plans):
        encoded = model.pipe.encode_prompt(
            prompt=_plain(positive),
            device=model.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=guided,
            negative_prompt=None if unsaid is None else _plain(unsaid),
        )
    without = _weighed(model, encoded[1], against) if guided else encoded[1]
    return (_weighed(model, encoded[0], positive), without, *encoded[2:])


def _plain(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _by_token(model: DiffusionModel, pieces: list[Piece]) -> list[Piece | None]:
    """Return for each token the piece it is of; None for the first, the last, and what fills up."""
    reader = model.pipe.tokenizer
    places = reader(
        _plain(pieces),
        padding="max_length",
        max_length=reader.model_max_length,
        truncation=True,
        return_offsets_mapping=True,
    ).offset_mapping
    ends = list(itertools.accumulate(len(piece.text) for piece in pieces))
    return [
        None if start == stop else pieces[min(bisect.bisect_right(ends, start), len(pieces) - 1)]
        for start, stop in places
    ]


def _vectors(model: DiffusionModel, pieces: list[Piece]) -> list[tuple[int, Any, int]]:
    """Return which tokens stand for which vectors of which inversion."""
    vectors = []
    for _, tokens in itertools.groupby(
        enumerate(_by_token(model, pieces)), lambda entry: id(entry[1])
    ):
        for number, (place, piece) in enumerate(tokens):
            if piece is not None and piece.inversion is not None:
                vectors.append((place, piece.inversion, number))
    return vectors


def _weighed(model: DiffusionModel, embeddings: Tensor, pieces: list[Piece]) -> Tensor:
    """Return (1, tokens, width) with each token as strong as its piece of the prompt counts."""
    import torch

    if all(piece.weight == 1 for piece in pieces):
        return embeddings
    weights = [piece.weight if piece else 1.0 for piece in _by_token(model, pieces)]
    by_token = torch.tensor(weights, device=embeddings.device, dtype=torch.float32)[None, :, None]
    weighed = embeddings.float() * by_token
    before, after = embeddings.float().mean(), weighed.mean()
    if after.abs() > _NO_MEAN * weighed.abs().mean():
        weighed = weighed * (before / after)
    return weighed.to(embeddings.dtype)


@contextmanager
def _skipping(model: DiffusionModel, clip_skip: int) -> Iterator[None]:
    """Let the text encoder of Stable Diffusion leave out its last layers: 2 is one of them."""
    import torch

    if clip_skip < 2 or model.is_xl:  # XL leaves out one by itself
        yield
        return
    encoder = model.pipe.text_encoder
    owner = getattr(encoder, "text_model", encoder).encoder
    whole = owner.layers
    try:
        owner.layers = torch.nn.ModuleList(list(whole)[: max(1, len(whole) - clip_skip + 1)])
        yield
    finally:
        owner.layers = whole
