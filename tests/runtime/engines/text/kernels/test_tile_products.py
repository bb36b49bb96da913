"""Tiles give the bits of all other ways, and are left alone where the system refuses them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from studio.runtime.engines.text.kernels.cpu_features import may_use_tiles
from studio.runtime.engines.text.kernels.matmul import multiply
from studio.runtime.engines.text.kernels.norm_and_gate import quantised
from tests.runtime.engines.text.kernels.test_matmul import drawn, packed, stored

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not may_use_tiles(), reason="it has no tiles, or may not use them"),
]
ASK = f"from {may_use_tiles.__module__} import may_use_tiles; print(may_use_tiles())"
SMALL_STACK = """
import ctypes
class Stack(ctypes.Structure):
    _fields_ = [("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]
memory = ctypes.create_string_buffer(4096)
small = Stack(ctypes.addressof(memory), 0, 4096)
assert ctypes.CDLL(None).sigaltstack(ctypes.byref(small), None) == 0
"""


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("kind", ["Q4_K", "Q5_K", "Q6_K", "Q8_0"])
def test_tiles_give_the_same_bits(kind, planes) -> None:
    """Rows that fill no strip, and tokens that fill groups or leave some over."""
    matrix = packed(kind, stored(kind, 150, 512), 512)
    bands = np.array(matrix.places, np.int64)
    for tokens in (12, 13, 29):
        cut = quantised(drawn(tokens, 512, seed=3).numpy(), planes)
        found = [np.full((tokens, 150), np.nan, np.float32) for _ in range(2)]
        for tiles, products in zip((False, True), found, strict=True):
            multiply(cut, bands, products, tiles=tiles)
        assert np.array_equal(*found)


def test_tiles_are_not_used_where_the_system_refuses_them() -> None:
    """It does where a stack for signals has no room for their registers."""
    answers = [
        subprocess.run(
            [sys.executable, "-c", prepared + ASK], capture_output=True, text=True, check=True
        ).stdout.strip()
        for prepared in ("", SMALL_STACK)
    ]
    assert answers == ["True", "False"], "the first is the control"
