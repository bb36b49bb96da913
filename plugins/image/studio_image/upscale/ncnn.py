"""Turns the ncnn edition of Real-ESRGAN into safetensors, once, at setup. Runs no network.

``python -m studio_image.upscale.ncnn PARAM BIN TARGET``. The ``.param`` file lists the layers as
text; the ``.bin`` file holds their numbers in the same order: for each convolution a flag that
tells half from single precision, the weights and the biases; for each PReLU its slopes.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

MAGIC = "7767517"
HALF = 0x01306B47
SINGLE = 0
OUTPUTS, KERNEL, HAS_BIAS, WEIGHTS = 0, 1, 5, 6
"""Keys of a convolution in the ``.param`` file."""


def main(arguments: list[str]) -> int:
    """Convert one network. Return the exit code."""
    layers, numbers, target = map(Path, arguments)
    save_file(convert(layers.read_text("utf-8"), numbers.read_bytes()), target)
    return 0


def convert(layers: str, numbers: bytes) -> dict[str, np.ndarray]:
    """Return the tensors in half precision, under the names of the published checkpoints.

    Raises:
        ValueError: The two files are not such a network, or do not belong together.
    """
    tensors = list(_tensors(layers, numbers))
    is_compact = any(kind == "PReLU" for kind, _ in tensors)
    names = _compact_names(len(tensors)) if is_compact else _rrdb_names(len(tensors))
    named = {}
    for name, (_, parts) in zip(names, tensors, strict=True):
        for part, array in parts.items():
            named[f"{name}.{part}"] = array.astype(np.float16)
    return named


def _tensors(layers: str, numbers: bytes) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    lines = layers.split("\n")
    if lines[0].strip() != MAGIC:
        raise ValueError("this is not an ncnn .param file")
    at = 0
    for line in filter(None, lines[2:]):
        kind, keys = _layer(line)
        if kind == "Convolution":
            parts, at = _convolution(keys, numbers, at)
            yield kind, parts
        elif kind == "PReLU":
            yield kind, {"weight": np.frombuffer(numbers, "<f4", keys[0], at)}
            at += 4 * keys[0]
    if at != len(numbers):
        raise ValueError(f"the layers take {at} bytes, the .bin file has {len(numbers)}")


def _layer(line: str) -> tuple[str, dict[int, int]]:
    """Return the kind of a layer and its whole-number keys."""
    kind, _, inputs, outputs, *words = line.split()
    pairs = [word.split("=") for word in words[int(inputs) + int(outputs) :]]
    return kind, {int(key): int(value) for key, value in pairs if value.isdigit()}


def _convolution(
    keys: dict[int, int], numbers: bytes, at: int
) -> tuple[dict[str, np.ndarray], int]:
    (flag,) = struct.unpack_from("<I", numbers, at)
    if flag not in (HALF, SINGLE):
        raise ValueError(f"a convolution is stored in an unknown format ({flag:#x})")
    width = 2 if flag == HALF else 4
    outputs, kernel, count = keys[OUTPUTS], keys[KERNEL], keys[WEIGHTS]
    weights = np.frombuffer(numbers, f"<f{width}", count, at + 4)
    at += 4 + (count * width + 3) // 4 * 4  # padded to four bytes
    parts = {"weight": weights.reshape(outputs, -1, kernel, kernel)}
    if keys.get(HAS_BIAS):
        parts["bias"] = np.frombuffer(numbers, "<f4", outputs, at)
        at += 4 * outputs
    return parts, at


def _compact_names(count: int) -> list[str]:
    return [f"body.{number}" for number in range(count)]


def _rrdb_names(count: int) -> list[str]:
    """Return the names in the order of the computation: 15 convolutions a block and 6 others."""
    blocks, rest = divmod(count - 6, 15)
    if rest or blocks < 1:
        raise ValueError(f"{count} convolutions do not match a supported network")
    body = [
        f"body.{block}.rdb{dense}.conv{conv}"
        for block in range(blocks)
        for dense in (1, 2, 3)
        for conv in (1, 2, 3, 4, 5)
    ]
    return ["conv_first", *body, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
