"""Weights of a plugin's own in one safetensors file: its header, and its tensors. Runs nothing.

A family names itself in the entry ``format`` of the metadata; the rest of them is its own matter.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.api.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular

_STEP = 8
"""After so many tensors a loader may be stopped."""


def read_header(path: Path, form: str) -> dict[str, str] | None:
    """Return the metadata of a file whose format is ``form``; None if ``path`` is something else.

    Reads the header alone.
    """
    from safetensors import SafetensorError, safe_open

    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except SafetensorError:
        return None  # damaged, or no safetensors at all: not known to be ours
    return metadata if metadata.get("format") == form else None


def read_tensors(path: Path, device: str) -> Generator[float, None, dict[str, Any]]:
    """Yield the share read; return the tensors on ``device``, those with floats in full precision.

    Raises:
        StudioError: The file is damaged.
    """
    from safetensors import safe_open

    state: dict[str, Any] = {}
    open_regular(path).close()  # the library would wait for a pipe, with Python's lock
    with damage_told(path), safe_open(path, framework="pt", device=device) as file:
        names = list(file.keys())
        for number, name in enumerate(names, 1):
            tensor = file.get_tensor(name)
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
            if number % _STEP == 0:
                yield number / len(names)
    return state


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a damaged file, while it is read or put to use, into a sentence."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError, KeyError, ValueError, IndexError, TypeError) as error:
        raise damaged(path, (str(error) or type(error).__name__).splitlines()[0]) from error


def damaged(path: Path, why: str) -> StudioError:
    """Return the error to raise for weights that cannot be used."""
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The model file {path.name} cannot be used: {why}.",
        "Run setup again, or copy the file again.",
    )
