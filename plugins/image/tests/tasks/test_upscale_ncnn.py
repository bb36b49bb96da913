"""The ncnn reader: the tensors in their order and under their names; wrong files are errors."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from studio_image.upscale.ncnn import HALF, SINGLE, convert
from studio_image.upscale.networks import Layout, layout_of


def convolution(inputs: int, outputs: int, flag: int) -> tuple[str, bytes]:
    weights = np.arange(inputs * outputs * 9, dtype="<f2" if flag else "<f4") / 64
    data = weights.tobytes()
    data += b"\0" * (-len(data) % 4) + np.full(outputs, 0.5, "<f4").tobytes()
    line = f"Convolution c 1 1 a b 0={outputs} 1=3 4=1 5=1 6={weights.size} 9=2 -23310=1,2.0e-01"
    return line, struct.pack("<I", flag) + data


def chain(flag: int = HALF) -> tuple[str, bytes]:
    """A chain of three convolutions with two PReLUs between them, of scale 2."""
    prelu = ("PReLU p 1 1 a b 0=5", np.full(5, 0.25, "<f4").tobytes())
    first, middle, last = (convolution(*size, flag) for size in ((3, 5), (5, 5), (5, 12)))
    lines, parts = zip(first, prelu, middle, prelu, last, strict=True)
    return "\n".join(["7767517", "5 5", *lines, ""]), b"".join(parts)


@pytest.mark.parametrize("flag", [HALF, SINGLE])
def test_a_chain(flag: int) -> None:
    tensors = convert(*chain(flag))
    shapes = {name: array.shape for name, array in tensors.items()}
    assert layout_of(shapes) == Layout("compact", 2, 5, 1)
    assert all(array.dtype == np.float16 for array in tensors.values())
    assert tensors["body.2.weight"][1, 0, 0, 0] == np.float16(45 / 64)
    assert set(tensors["body.3.weight"]) == {0.25}


def test_residual_blocks() -> None:
    block = [(4 + 2 * n, 2) for n in range(4)] + [(12, 4)]
    sizes = [(3, 4), *block * 3, (4, 4), (4, 4), (4, 4), (4, 4), (4, 3)]
    lines, parts = zip(*(convolution(*size, HALF) for size in sizes), strict=True)
    tensors = convert("\n".join(["7767517", "", *lines]), b"".join(parts))
    shapes = {name: array.shape for name, array in tensors.items()}
    assert layout_of(shapes) == Layout("rrdb", 4, 4, 1, 2)


def test_files_that_do_not_belong_together() -> None:
    layers, numbers = chain()
    with pytest.raises(ValueError, match="bytes"):
        convert(layers, numbers + b"\0\0\0\0")
    with pytest.raises(ValueError, match=r"not an ncnn \.param"):
        convert("1\n", numbers)
    with pytest.raises(ValueError, match="unknown format"):
        convert(layers, b"\1\0\0\0" + numbers[4:])
