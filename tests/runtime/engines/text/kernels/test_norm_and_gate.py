"""What layers do to rows: close to arithmetic in float64, and the same bits in any company."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numba import njit
from torch.nn import functional

from studio.runtime.engines.text.kernels import norm_and_gate, quantised_activations
from studio.runtime.engines.text.kernels import scalar_math as numbers
from studio.runtime.engines.text.kernels.dot_products import START
from studio.runtime.engines.text.kernels.packed_layout import ZERO
from studio.runtime.engines.text.kernels.quantised_activations import QuantisedActivations

pytestmark = pytest.mark.torch

STEP = 1.001 / quantised_activations.UNITS[1]
"""Of the largest input of a row: half of it is what cutting costs, the rest is float32's."""


@pytest.fixture(params=[1, 2])
def count(request) -> int:
    return request.param


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def values_of(cut: QuantisedActivations, columns: int) -> np.ndarray:
    """The inputs again, (tokens, columns); all that is written beside them is what it must be."""
    numbers = cut.values.astype(np.int64)
    whole = (numbers * [[1], [quantised_activations.BASE]][: cut.values.shape[3]]).sum(
        3
    )  # of both byte planes
    halves = whole.reshape(*whole.shape[:3], 2, quantised_activations.BLOCK // 2).sum(-1)
    sums = np.stack([halves.sum(-1), halves[..., 0], halves[..., 1]], -1)
    start = START if cut.values.shape[3] == 1 else 0
    cells = slots(cut)
    assert np.array_equal(of_tokens(cut.starts, cells), of_tokens(start - ZERO * sums, cells))
    assert np.array_equal(-of_tokens(cut.scales[..., 1], cells), of_tokens(sums[..., 0], cells))
    inputs = whole * cut.scales[..., :1].astype(float)
    return of_tokens(inputs, cells).reshape(cut.tokens, -1)[:, :columns]


def slots(cut: QuantisedActivations) -> tuple[np.ndarray, np.ndarray]:
    """The group of each token, and its place there."""
    return np.divmod(np.arange(cut.tokens), cut.values.shape[2])


def of_tokens(values: np.ndarray, cells: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    groups, places = cells
    return values[groups, :, places]


def assert_close(cut: QuantisedActivations, exact: torch.Tensor, step: float = STEP) -> None:
    expected = exact.numpy()
    error = np.abs(values_of(cut, expected.shape[1]) - expected).max(-1)
    assert (error <= step * np.abs(expected).max(-1)).all()


def assert_same(one: QuantisedActivations, other: QuantisedActivations) -> None:
    for name in ("values", "scales", "starts"):
        pair = [of_tokens(getattr(each, name), slots(each)) for each in (one, other)]
        assert np.array_equal(*pair)


def assert_part(whole: QuantisedActivations, first: int, part: QuantisedActivations) -> None:
    """Assert that tokens of ``whole`` from ``first`` on are those of ``part``, alone."""
    for name in ("values", "scales", "starts"):
        all_of, own = (of_tokens(getattr(each, name), slots(each)) for each in (whole, part))
        assert np.array_equal(all_of[first : first + part.tokens], own)


def normed(values: np.ndarray, weight: np.ndarray) -> torch.Tensor:
    exact = torch.tensor(values).double()
    return functional.rms_norm(exact, exact.shape[1:], torch.tensor(weight).double(), 1e-5)


def test_each_block_is_cut_into_the_nearest_steps(count) -> None:
    inputs = drawn(15, 150) * np.logspace(-4, 4, 15, dtype=np.float32)[:, None]
    inputs[:, :32] *= 1_000
    cut = norm_and_gate.quantised(inputs, count)
    half = 0.51 / quantised_activations.UNITS[count - 1]
    for first, last in ((0, 32), (32, 64), (128, 150)):
        error = np.abs(values_of(cut, 150) - inputs)[:, first:last].max(-1)
        assert (error <= half * np.abs(inputs[:, first:last]).max(-1)).all()
    assert cut.values.shape == (2, 5, 12, count, 32)
    filled = of_tokens(cut.values, slots(cut))[:, 4, :, 22:]
    assert (filled == 0).all(), "what fills up a row counts as zero"


def test_zeros_stay_zeros_and_what_is_no_number_is_seen(count) -> None:
    inputs = drawn(2, 20)
    inputs[0], inputs[1, 3] = 0, np.nan
    cut = norm_and_gate.quantised(inputs, count)
    assert (cut.values[0, :, 0] == 0).all()
    assert np.isnan(cut.scales[0, 0, :, 0]).tolist() == [False, True]


@pytest.mark.parametrize("is_told_normed", [False, True])
def test_a_sum_is_normalised(is_told_normed) -> None:
    hidden, told, weight = drawn(4, 100), drawn(4, 100, seed=1), drawn(100, seed=2)
    told_weight = drawn(100, seed=3) if is_told_normed else norm_and_gate.NO_WEIGHTS
    added = normed(told, told_weight) if is_told_normed else torch.tensor(told).double()
    exact = torch.tensor(hidden).double() + added
    cut = norm_and_gate.add_norm_quantise(hidden, told, told_weight, weight, 1e-5, 2)
    torch.testing.assert_close(torch.tensor(hidden).double(), exact, rtol=1e-6, atol=1e-6)
    assert_close(cut, normed(exact.numpy(), weight))
    assert_same(norm_and_gate.add_norm_quantise(hidden, None, told_weight, weight, 1e-5, 2), cut)


@pytest.mark.parametrize("is_gelu", [False, True])
def test_gates_open(is_gelu) -> None:
    products = 4 * drawn(3, 2 * 90)
    gate, up = torch.tensor(products).double().chunk(2, dim=1)
    opened = functional.gelu(gate, approximate="tanh") if is_gelu else functional.silu(gate)
    assert_close(norm_and_gate.gate_quantise(products, is_gelu, 2), opened * up)


def test_exp_is_within_two_units_of_the_last_place() -> None:
    @njit
    def each(values, out):
        for i in range(values.shape[0]):
            out[i] = numbers.exp(values[i])

    values = np.linspace(-87, 88, 100_003, dtype=np.float32)
    each(values, ours := np.empty_like(values))
    exact = np.exp(values.astype(float))
    assert (np.abs(ours - exact) <= 2 * np.spacing(exact.astype(np.float32))).all()
    each(np.array([-1e9, np.nan], np.float32), ours := np.empty(2, np.float32))
    assert 0 < ours[0] < 1e-37
    assert np.isnan(ours[1])


def test_a_row_has_the_same_bits_beside_others(count) -> None:
    hidden, told, weight = drawn(40, 200), drawn(40, 200, seed=1), drawn(200, seed=2)
    products = drawn(40, 400, seed=3)

    def done(first: int, last: int) -> list[QuantisedActivations]:
        mine = [each[first:last].copy() for each in (hidden, told, products)]
        return [
            norm_and_gate.quantised(mine[0], count),
            norm_and_gate.add_norm_quantise(mine[0], mine[1], weight, weight, 1e-5, count),
            norm_and_gate.gate_quantise(mine[2], False, count),
        ]

    together = done(0, 40)
    for first, last in [(0, 1), (7, 9), (3, 36)]:
        for alone, beside in zip(done(first, last), together, strict=True):
            assert_part(beside, first, alone)
