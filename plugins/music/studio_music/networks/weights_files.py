"""One safetensors file per network: half precision, and plain data in its metadata.

Reads and writes; knows no network.
"""

from __future__ import annotations

import json
from collections.abc import Generator as Steps
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from studio.api import ErrorCode, StudioError


def read_metadata(path: Path, form: str) -> dict[str, str] | None:
    """Return the metadata of a file of that form; None if ``path`` is something else."""
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except SafetensorError:
        return None  # damaged, or no safetensors at all: not known to be ours
    return metadata if metadata.get("format") == form else None


def read(
    path: Path, form: str, device: str
) -> Steps[float, None, tuple[dict[str, str], dict[str, Tensor]]]:
    """Yield the share done; return the metadata and all tensors in full precision.

    Raises:
        StudioError: The file is damaged or of another make.
    """
    metadata = read_metadata(path, form)
    if metadata is None:
        raise _damaged(path, "its header is not the expected one")
    state: dict[str, Tensor] = {}
    with damage_named(path), safe_open(path, framework="pt", device=device) as file:
        names = list(file.keys())
        for number, name in enumerate(names, 1):
            state[name] = file.get_tensor(name).to(torch.float32)
            if number % 16 == 0:
                yield number / len(names)
    return metadata, state


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a damaged file into a sentence."""
    try:
        yield
    except (SafetensorError, RuntimeError, KeyError, ValueError, IndexError, TypeError) as error:
        raise _damaged(path, str(error).splitlines()[0]) from error


def write(path: Path, form: str, state: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors in half precision, and ``metadata`` as JSON, one entry a key."""
    halved = {name: value.half().contiguous() for name, value in state.items()}
    save_file(halved, path, {"format": form, **{k: json.dumps(v) for k, v in metadata.items()}})


def _damaged(path: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The weights {path.name} cannot be used: {why}.",
        "Run the set-up again, or copy the file again.",
    )
