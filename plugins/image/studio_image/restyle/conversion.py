"""Turns the carrier's HDF5 file into fp16 safetensors, once, at setup. The studio has no use of it.

Run as ``python -m studio_image.restyle.conversion SOURCE.h5 TARGET``. It needs no HDF5 library: the
file is pinned by its digest, stores every dataset in one piece, and ``SOURCE.toml`` says where.
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

FACTS = tomllib.loads(Path(__file__).with_name("SOURCE.toml").read_text("utf-8"))


def convert(source: Path, target: Path) -> None:
    """Write the nine convolutions conv1_1 … conv4_2 of ``source`` to ``target``.

    Raises:
        ValueError: ``source`` is not the file whose offsets are known.
    """
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != FACTS["source"]["member_sha256"]:
        raise ValueError(f"{source.name} is not the expected file, so nothing was converted.")
    tensors = {}
    for name, (kernel, bias, inputs, outputs) in FACTS["tensors"].items():
        weight = np.frombuffer(data, "<f4", 9 * inputs * outputs, kernel)
        weight = weight.reshape(3, 3, inputs, outputs).transpose(3, 2, 0, 1)  # to (out, in, 3, 3)
        tensors[f"{name}.weight"] = np.ascontiguousarray(weight, np.float16)
        tensors[f"{name}.bias"] = np.frombuffer(data, "<f4", outputs, bias).astype(np.float16)
    save_file(tensors, target, {"family": "vgg-features"})


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
