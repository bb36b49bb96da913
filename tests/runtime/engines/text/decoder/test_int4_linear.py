"""Blocks of 4 bits as a card's kernel takes them stand for the same weights, but for rounding."""

from __future__ import annotations

import numpy
import pytest
import torch

from studio.runtime.engines.text.decoder import int4_linear
from studio.runtime.engines.text.decoder.int4_linear import GROUP, KINDS, Int4Linear, can_multiply
from studio.runtime.engines.text.formats.dequantisation import dequantise
from tests.runtime.engines.fake_card import NAME, fake_card

pytestmark = pytest.mark.torch

ROWS, COLUMNS = 16, 512
BLOCKS = {"Q4_0": (32, 18), "Q4_1": (32, 20), "Q4_K": (256, 144)}


def stored(kind: str) -> tuple[torch.Tensor, int]:
    """Rows of noise with scales as weights have them, and the bytes of a block."""
    values, size = BLOCKS[kind]
    blocks = numpy.random.default_rng(1).integers(0, 256, (ROWS * COLUMNS // values, size))
    blocks = torch.from_numpy(blocks.astype(numpy.uint8))
    halves = 1 if kind == "Q4_0" else 2
    scales = 0.01 * torch.randn(len(blocks), halves, generator=torch.Generator().manual_seed(2))
    blocks[:, : 2 * halves] = scales.half().view(torch.uint8)
    return blocks.view(ROWS, -1), size


def whole_numbers(pairs: torch.Tensor) -> torch.Tensor:
    """What the kernel reads of pairs: of an even column what is high."""
    return torch.stack([pairs >> 4, pairs & 15], -1).flatten(1)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_weights_differ_by_the_rounding_of_their_scales_alone(kind) -> None:
    rows, size = stored(kind)
    pairs, scales = int4_linear.pairs_and_scales(rows, kind, size)
    exact = dequantise(rows.view(-1, size), kind).view(ROWS, COLUMNS)
    scale, zero = (x.t().float().repeat_interleave(GROUP, 1) for x in scales.unbind(-1))
    whole = whole_numbers(pairs).float() - 8
    rounding = 2**-8 * ((whole * scale).abs() + zero.abs()) + 1e-9
    assert ((whole * scale + zero - exact).abs() <= rounding).all()
    swapped = whole_numbers((pairs >> 4) | (pairs << 4)).float() - 8
    assert not ((swapped * scale + zero - exact).abs() <= rounding).all(), "control"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_processors_kernel_of_the_same_kind_agrees(kind) -> None:
    """It takes whole numbers one by one, and the same scales and zeros as the card's."""
    rows, size = stored(kind)
    pairs, scales = int4_linear.pairs_and_scales(rows, kind, size)
    packed = torch._convert_weight_to_int4pack_for_cpu(whole_numbers(pairs).int(), 2)
    inputs = torch.randn(3, COLUMNS, generator=torch.Generator().manual_seed(3)).bfloat16()
    products = torch._weight_int4pack_mm_for_cpu(inputs, packed, GROUP, scales.contiguous())
    expected = inputs.float() @ dequantise(rows.view(-1, size), kind).view(ROWS, COLUMNS).t()
    error = (products.float() - expected).square().mean().sqrt()
    assert error < 0.01 * expected.square().mean().sqrt()


def test_a_matrix_takes_the_memory_that_it_says() -> None:
    rows, size = stored("Q4_K")
    with fake_card():
        matrix = Int4Linear(ROWS, COLUMNS, NAME)
        for half in (slice(8, 16), slice(0, 8)):
            matrix.write(torch.arange(ROWS)[half], rows[half], "Q4_K", size)
        held = [each for each in vars(matrix).values() if isinstance(each, torch.Tensor)]
        assert sum(each.nbytes for each in held) == matrix.bytes
        assert matrix.bytes == Int4Linear.bytes_of(ROWS, COLUMNS)
        assert matrix(torch.ones(3, COLUMNS, dtype=torch.bfloat16, device=NAME)).shape == (3, ROWS)


def test_only_shapes_of_whole_tiles_are_taken() -> None:
    assert Int4Linear.can_have(8, 32)
    assert not Int4Linear.can_have(12, 32)
    assert not Int4Linear.can_have(8, 48)


@pytest.mark.parametrize(
    ("capability", "hip", "fault", "can"),
    [
        ((8, 0), None, None, True),
        ((7, 5), None, None, False),
        ((9, 0), "6.4", None, False),
        ((9, 0), None, RuntimeError("no kernel image is available"), False),
    ],
)
def test_a_card_must_have_the_kernel(monkeypatch, capability, hip, fault, can) -> None:
    def is_right(device: str) -> bool:
        if fault:
            raise fault
        return True

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(int4_linear, "_is_right", is_right)
    can_multiply.cache_clear()
    try:
        assert can_multiply("cuda:0") is can
        assert not can_multiply("cpu")
    finally:
        can_multiply.cache_clear()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu() -> None:
    rows, size = stored("Q4_K")
    matrix = Int4Linear(ROWS, COLUMNS, "cuda:0")
    matrix.write(torch.arange(ROWS), rows, "Q4_K", size)
    inputs = torch.randn(3, COLUMNS, generator=torch.Generator().manual_seed(3)).bfloat16()
    products = matrix(inputs.to("cuda:0")).float().cpu()
    expected = inputs.float() @ dequantise(rows.view(-1, size), "Q4_K").view(ROWS, COLUMNS).t()
    assert (products - expected).square().mean().sqrt() < 0.01 * expected.square().mean().sqrt()
