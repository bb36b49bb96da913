"""Recognises, measures and loads the feature weights (safetensors only)."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_image.restyle.features import LAYERS, Features

BYTES_A_PIXEL = 3200
"""Memory of one optimisation step, for each pixel: 800 features and gradients of 4 bytes."""


class FeatureLoader:
    """The loader of the family ``vgg-features``."""

    family = "vgg-features"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return the facts, or None if ``path`` is something else.

        Raises:
            StudioError: It says it is of this family, but a layer is missing.
        """
        try:
            with safe_open(path, framework="pt") as file:
                if (file.metadata() or {}).get("family") != self.family:
                    return None
                shapes = _shapes(file)
        except (SafetensorError, OSError):
            return None
        _check(path, shapes)
        return WeightsFacts(
            self.family,
            "VGG-16 features",
            ("features",),
            {"layers": list(LAYERS), "parameters": sum(map(math.prod, shapes.values()))},
        )

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed: the weights at most in float32, and one step at 256 px."""
        return Requirements(2 * path.stat().st_size, BYTES_A_PIXEL * 256 * 256)

    def load(self, path: Path, device: str) -> Generator[float, None, Features]:
        """Yield the share done between tensors; return :class:`Features`.

        Raises:
            StudioError: The file is broken or a layer is missing.
        """
        tensors: dict[str, torch.Tensor] = {}
        try:
            with safe_open(path, framework="pt") as file:
                shapes = _shapes(file)
                _check(path, shapes)
                for number, name in enumerate(shapes, 1):
                    tensors[name] = file.get_tensor(name)
                    yield number / len(shapes)
        except SafetensorError as error:
            raise _broken(path, f"it is not a complete safetensors file ({error})") from error
        return Features(tensors, device)

    def park(self, loaded: Features) -> None:
        """Move the tensors to the memory of the processor."""
        loaded.move("cpu")

    def unpark(self, loaded: Features, device: str) -> None:
        """Move them back."""
        loaded.move(device)

    def unload(self, loaded: Any) -> None:
        """Nothing is held besides the tensors themselves."""


def loader() -> FeatureLoader:
    """Return the loader of this family."""
    return FeatureLoader()


def _shapes(file: Any) -> dict[str, list[int]]:
    names = file.keys()
    return {name: file.get_slice(name).get_shape() for name in names}


def _check(path: Path, shapes: dict[str, list[int]]) -> None:
    channels = 3
    for name in LAYERS:
        weight, bias = shapes.get(f"{name}.weight"), shapes.get(f"{name}.bias")
        if weight is None or bias is None:
            raise _broken(path, f"the layer {name} is missing")
        if len(weight) != 4 or weight[1:] != [channels, 3, 3] or bias != weight[:1]:
            raise _broken(path, f"the layer {name} has the wrong shape {weight}")
        channels = weight[0]


def _broken(path: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The style model {path.name} cannot be used: {why}.",
        "Run setup again to download it.",
    )
