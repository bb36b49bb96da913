"""What rows see is close to attention in float64, and has the same bits however a text is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from studio.runtime.engines.text.decoder.rotary import rotate
from studio.runtime.engines.text.kernels import f32_gemm, quantised_activations
from studio.runtime.engines.text.kernels.attention import AttentionConfig, Text, attend
from studio.runtime.engines.text.kernels.norm_and_gate import NO_WEIGHTS
from studio.runtime.engines.text.kernels.packed_kv_cache import LANES, SPAN
from studio.runtime.engines.text.kernels.quantised_activations import QuantisedActivations
from tests.runtime.engines.text.kernels.test_norm_and_gate import (
    STEP,
    assert_part,
    drawn,
    of_tokens,
    slots,
    values_of,
)

pytestmark = pytest.mark.torch

COUNT = 150
PLAIN = AttentionConfig(
    9, NO_WEIGHTS, NO_WEIGHTS, NO_WEIGHTS, eps=1e-5, scale=0.125, cap=0.0, window=0
)
KINDS = {
    "three heads share keys": (PLAIN, 3, 64),
    "a window, and one head of keys": (replace(PLAIN, heads=7, window=20), 1, 16),
    "bent scores, and a wide window": (replace(PLAIN, heads=8, cap=3.0, window=70), 2, 128),
    "heads that fill no vectors": (replace(PLAIN, heads=2, scale=0.2), 2, 24),
    "a bias and norms of heads": (
        replace(PLAIN, heads=4, bias=drawn(8 * 80), query_weight=drawn(80), key_weight=drawn(80)),
        2,
        80,
    ),
}


@pytest.fixture(params=KINDS)
def kind(request) -> tuple[AttentionConfig, int, int]:
    return KINDS[request.param]


def turns(width: int) -> torch.Tensor:
    angles = torch.arange(COUNT)[:, None] * torch.linspace(0.01, 1, width // 2)
    return torch.polar(torch.ones_like(angles), angles)


def products(config: AttentionConfig, kv_heads: int, width: int) -> np.ndarray:
    return 2 * drawn(COUNT, (config.heads + 2 * kv_heads) * width)


def seen(
    config: AttentionConfig, kv_heads: int, width: int, *ends: int
) -> list[QuantisedActivations]:
    """What rows see if they are read in pieces that end at ``ends``: of each piece."""
    text, rows, turn = cache(kv_heads, width), products(config, kv_heads, width), turned(width)
    found = []
    for first, last in zip((0, *ends), (*ends, COUNT), strict=True):
        out = quantised_activations.empty(last - first, config.heads * width, 2)
        piece = Text(last - first, first, *text)
        attend(config, rows[first:last], turn[first:last], [piece], out)
        found.append(out)
    return found


def cache(kv_heads: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    spans = -(-COUNT // SPAN)
    keys = np.full((kv_heads, spans, width, SPAN), np.nan, np.float32)  # nobody looks ahead
    values = np.full((kv_heads, spans * SPAN, -(-width // LANES) * LANES), np.nan, np.float32)
    return keys, values


def turned(width: int) -> np.ndarray:
    return torch.view_as_real(turns(width)).flatten(1).numpy()


def exact(config: AttentionConfig, kv_heads: int, width: int) -> torch.Tensor:
    rows = torch.tensor(products(config, kv_heads, width)).double()
    rows += torch.tensor(config.bias) if config.bias.size else 0
    heads = rows.view(COUNT, -1, width)
    queries, keys, values = heads.split([config.heads, kv_heads, kv_heads], dim=1)
    if config.query_weight.size:
        weights = (torch.tensor(each).double() for each in (config.query_weight, config.key_weight))
        queries, keys = (
            functional.rms_norm(each, (width,), weight, config.eps)
            for each, weight in zip((queries, keys), weights, strict=True)
        )
    turn = turns(width).unsqueeze(1)
    queries, keys = (rotate(each, turn).double().transpose(0, 1) for each in (queries, keys))
    group = config.heads // kv_heads
    keys, values = (each.repeat_interleave(group, dim=0) for each in (keys, values.transpose(0, 1)))
    scores = queries @ keys.transpose(1, 2) * config.scale
    if config.cap:
        scores = config.cap * torch.tanh(scores / config.cap)
    hidden = torch.ones(COUNT, COUNT, dtype=torch.bool).triu(1)
    if config.window:
        hidden |= torch.ones_like(hidden).tril(-config.window)
    shares = scores.masked_fill(hidden, float("-inf")).softmax(-1)
    return (shares @ values).transpose(0, 1).reshape(COUNT, -1)


def test_rows_see_what_they_may(kind) -> None:
    ours, expected = values_of(seen(*kind)[0], kind[0].heads * kind[2]), exact(*kind).numpy()
    error = np.abs(ours - expected).max(-1) / np.abs(expected).max(-1)
    assert error.max() < 2 * STEP


def test_bits_do_not_depend_on_how_a_text_is_read(kind) -> None:
    (whole,) = seen(*kind)
    for ends in ((7, 64, 65, 130), range(1, COUNT)):
        for first, piece in zip((0, *ends), seen(*kind, *ends), strict=True):
            assert_part(whole, first, piece)


def test_texts_that_are_read_together_have_the_bits_of_each_alone(kind) -> None:
    config, kv_heads, width = kind
    (whole,) = seen(*kind)
    rows, turn = products(config, kv_heads, width), turned(width)
    texts = [cache(kv_heads, width) for _ in range(3)]
    for end, text in zip((30, 1, 100), texts, strict=True):
        out = quantised_activations.empty(end, config.heads * width, 2)
        attend(config, rows[:end].copy(), turn[:end], [Text(end, 0, *text)], out)
    pieces = [slice(30, 37), slice(1, 2), slice(100, 150)]
    out = quantised_activations.empty(58, config.heads * width, 2)
    together = [
        Text(piece.stop - piece.start, piece.start, *text)
        for piece, text in zip(pieces, texts, strict=True)
    ]
    gathered = [np.concatenate([each[piece] for piece in pieces]) for each in (rows, turn)]
    attend(config, *gathered, together, out)
    apart = of_tokens(out.values, slots(out))
    alone = of_tokens(whole.values, slots(whole))
    assert np.array_equal(apart, np.concatenate([alone[piece] for piece in pieces]))


@pytest.mark.parametrize("rows", range(1, f32_gemm.MOST_ROWS + 1))
def test_tiles_are_products(rows) -> None:
    left, right = drawn(rows, 37), drawn(37, 80, seed=1)
    out = np.full((rows, 80), np.nan, np.float32)
    lengths = [4 * each.shape[1] for each in (left, right, out)]
    places = [each.ctypes.data for each in (left, right, out)]
    f32_gemm.multiply(
        rows, 37, 80, *(n for pair in zip(places, lengths, strict=True) for n in pair)
    )
    np.testing.assert_allclose(out, left.astype(float) @ right, rtol=0, atol=1e-5)
