"""The set of prepared targets as a file: recognised by its header, loaded."""

from __future__ import annotations

import json
from typing import Any

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, damaged
from studio_molecules.docking.targets import FORMAT, Target, TargetSet

WEIGHTS = "docking-targets"
"""Id of the set that can be fetched."""


def loader() -> SafetensorsLoader[TargetSet]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="docking-targets",
        title="Docking targets",
        capabilities=("docking",),
        mark={FORMAT: ""},
        working_bytes=64 * 2**20,
        describe=lambda header: {"targets": len(_boxes(header))},
        build=_built,
        growth=2,
    )


def _boxes(header: Header) -> dict[str, Any]:
    try:
        boxes: Any = json.loads(header.metadata[FORMAT])
    except (ValueError, KeyError) as error:
        raise damaged(header.path, "its header does not say where the pockets are") from error
    if not isinstance(boxes, dict) or boxes.keys() != header.shapes.keys():
        raise damaged(header.path, "its header names other targets than it holds")
    return boxes


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> TargetSet:
    targets = {}
    for name, box in _boxes(header).items():
        try:
            center, size = (tuple(map(float, box[kind])) for kind in ("center", "size"))
            text = tensors[name].numpy().tobytes().decode("ascii")
            (x, y, z), (wide, high, deep) = center, size
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(header.path, f"its target {name[:40]} cannot be read") from error
        targets[name] = Target(name, text, (x, y, z), (wide, high, deep))
    return TargetSet(targets)
