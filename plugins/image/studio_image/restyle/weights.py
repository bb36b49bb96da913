"""The feature weights as a file: recognised by its header, measured, loaded."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, damaged
from studio_image.restyle.features import LAYERS, Features

FAMILY = "vgg-features"
BYTES_A_PIXEL = 3200
"""Memory of one optimisation step, for each pixel: 800 features and gradients of 4 bytes."""


def loader() -> SafetensorsLoader[Features]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family=FAMILY,
        title="VGG-16 features",
        capabilities=("features",),
        mark={"family": FAMILY},
        working_bytes=BYTES_A_PIXEL * 256 * 256,
        describe=_facts,
        build=_built,
    )


def _facts(header: Header) -> dict[str, Any]:
    _check(header)
    parameters = sum(map(math.prod, header.shapes.values()))
    return {"layers": list(LAYERS), "parameters": parameters}


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> Features:
    return Features(tensors, device)


def _check(header: Header) -> None:
    channels = 3
    for name in LAYERS:
        weight, bias = header.shapes.get(f"{name}.weight"), header.shapes.get(f"{name}.bias")
        if weight is None or bias is None:
            raise damaged(header.path, f"the layer {name} is missing")
        if len(weight) != 4 or weight[1:] != (channels, 3, 3) or bias != weight[:1]:
            raise damaged(header.path, f"the layer {name} has the wrong shape {list(weight)}")
        channels = weight[0]
