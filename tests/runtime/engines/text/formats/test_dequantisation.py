"""Dequantisation equals the format's reference, value for value."""

from __future__ import annotations

import gguf
import numpy
import pytest
import torch

from studio.runtime.engines.text.formats.dequantisation import dequantise
from studio.runtime.engines.text.formats.gguf import BLOCK_TYPES


@pytest.mark.parametrize("kind", BLOCK_TYPES.values(), ids=lambda kind: kind.name)
def test_equal_to_the_reference(kind) -> None:
    generator = numpy.random.default_rng(7)
    blocks = generator.integers(0, 256, (64, kind.bytes), dtype=numpy.uint8)
    with numpy.errstate(all="ignore"):  # random bytes hold infinities, too
        reference = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[kind.name])
    ours = dequantise(torch.from_numpy(blocks), kind.name).float().numpy()
    numpy.testing.assert_array_equal(ours, numpy.asarray(reference, dtype=numpy.float32))


def test_block_sizes_are_those_of_the_format() -> None:
    for number, kind in BLOCK_TYPES.items():
        assert gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(number)] == (kind.items, kind.bytes)
