"""What layers do to rows: close to arithmetic in float64, and the same bits in any company."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numba import njit
from torch.nn import functional

from studio.runtime.engines.text.kernels import limbs, numbers, rows
from studio.runtime.engines.text.kernels.limbs import Limbs

pytestmark = pytest.mark.torch

STEP = 1.001 / limbs.UNIT
"""Of the largest input of a row: half of it is what cutting costs, the rest is float32's."""


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def values_of(cut: Limbs, columns: int) -> np.ndarray:
    whole = cut.values[0::2].astype(float) + limbs.BASE * cut.values[1::2].astype(float)
    groups = whole.reshape(cut.tokens, -1, limbs.GROUP)
    assert np.array_equal(groups.sum(-1), cut.sums)
    return whole[:, :columns] * cut.steps[:, None].astype(float)


def assert_close(cut: Limbs, exact: torch.Tensor) -> None:
    expected = exact.numpy()
    error = np.abs(values_of(cut, expected.shape[1]) - expected).max(-1)
    assert (error <= STEP * np.abs(expected).max(-1)).all()


def assert_same(one: Limbs, other: Limbs) -> None:
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.sums, other.sums)
    assert np.array_equal(one.steps, other.steps)


def of(cut: Limbs, first: int, last: int) -> Limbs:
    return cut.part(slice(first, last))


def normed(values: np.ndarray, weight: np.ndarray) -> torch.Tensor:
    exact = torch.tensor(values).double()
    return functional.rms_norm(exact, exact.shape[1:], torch.tensor(weight).double(), 1e-5)


def test_rows_are_cut_into_the_nearest_steps() -> None:
    inputs = drawn(5, 150) * np.logspace(-4, 4, 5, dtype=np.float32)[:, None]
    cut = rows.cut(inputs)
    assert_close(cut, torch.tensor(inputs).double())
    np.testing.assert_allclose(cut.steps * limbs.UNIT, np.abs(inputs).max(-1), rtol=1e-6)
    assert cut.values.shape == (10, 160)
    assert (cut.values[:, 150:] == 0).all(), "what fills up a row counts as zero"


def test_zeros_stay_zeros_and_what_is_no_number_is_seen() -> None:
    inputs = drawn(2, 20)
    inputs[0], inputs[1, 3] = 0, np.nan
    cut = rows.cut(inputs)
    assert (values_of(cut, 20)[0] == 0).all()
    assert np.isnan(cut.steps).tolist() == [False, True]


@pytest.mark.parametrize("is_told_normed", [False, True])
def test_a_sum_is_normalised(is_told_normed) -> None:
    hidden, told, weight = drawn(4, 100), drawn(4, 100, seed=1), drawn(100, seed=2)
    told_weight = drawn(100, seed=3) if is_told_normed else rows.NO_WEIGHTS
    added = normed(told, told_weight) if is_told_normed else torch.tensor(told).double()
    exact = torch.tensor(hidden).double() + added
    cut = rows.add_norm_cut(hidden, told, told_weight, weight, 1e-5)
    torch.testing.assert_close(torch.tensor(hidden).double(), exact, rtol=1e-6, atol=1e-6)
    assert_close(cut, normed(exact.numpy(), weight))
    assert_same(rows.add_norm_cut(hidden, None, told_weight, weight, 1e-5), cut)


@pytest.mark.parametrize("is_gelu", [False, True])
def test_gates_open(is_gelu) -> None:
    products = 4 * drawn(3, 2 * 90)
    gate, up = torch.tensor(products).double().chunk(2, dim=1)
    opened = functional.gelu(gate, approximate="tanh") if is_gelu else functional.silu(gate)
    assert_close(rows.gate_cut(products, is_gelu), opened * up)


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


def test_a_row_has_the_same_bits_beside_others_and_with_more_threads() -> None:
    hidden, told, weight = drawn(40, 200), drawn(40, 200, seed=1), drawn(200, seed=2)
    products = drawn(40, 400, seed=3)

    def done(first: int, last: int) -> list[Limbs]:
        mine = [each[first:last].copy() for each in (hidden, told, products)]
        return [
            rows.cut(mine[0]),
            rows.add_norm_cut(mine[0], mine[1], weight, weight, 1e-5),
            rows.gate_cut(mine[2], False),
        ]

    together = done(0, 40)
    for first, last in [(0, 1), (7, 9), (3, 36)]:
        for alone, beside in zip(done(first, last), together, strict=True):
            assert_same(alone, of(beside, first, last))
    torch.set_num_threads(2)
    try:
        for one, two in zip(together, done(0, 40), strict=True):
            assert_same(one, two)
    finally:
        torch.set_num_threads(1)
