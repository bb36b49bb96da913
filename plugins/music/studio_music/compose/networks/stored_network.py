"""How the networks lie in their files: shape and facts as JSON in the metadata, half precision."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, nn

from studio.api.worker.tensor_files import Header, write_tensors

Network = TypeVar("Network", bound=nn.Module)


def facts(header: Header) -> dict[str, Any]:
    """Return the plain data for those who look at the weights."""
    stored: dict[str, Any] = json.loads(header.metadata["facts"])
    return stored


def network(
    make: Callable[[str, int, int], Network],
    header: Header,
    tensors: Mapping[str, Tensor],
    device: str,
) -> Network:
    """Return ``make(kind, width, depth)`` with its tensors, ready to be asked."""
    shape = json.loads(header.metadata["shape"])
    module = make(shape["kind"], shape["width"], shape["depth"])
    module.load_state_dict(tensors)
    return module.to(device).eval().requires_grad_(False)


def save(path: Path, form: str, state: Mapping[str, Tensor], **entries: Mapping[str, Any]) -> None:
    """Write a network; ``entries`` are ``shape``, ``facts`` and what else its family keeps."""
    write_tensors(path, form, state, {name: json.dumps(value) for name, value in entries.items()})
