"""A training in one file: tensors and plain data, written whole or not at all. No pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

FORMAT = "lab-checkpoint/2"
"""Changes with what a trainer keeps: a file of another version is no use to it."""


def write(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint under another name, sync it, and put it in the place of the last one.

    Raises:
        OSError: The disk refused; the last one is still there.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    new = path.with_suffix(".new")
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(whole, new, {"format": FORMAT, "facts": json.dumps(facts)})
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(new, path)
        _sync(path.parent)
    except SafetensorError as error:  # the library's word for what the disk said
        new.unlink(missing_ok=True)
        raise OSError(str(error)) from error
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return tensors and facts; None if there is no file of this version."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(  # noqa: SIM118
                metadata["facts"]
            )
    except (SafetensorError, OSError, ValueError, KeyError):
        return None


def _sync(folder: Path) -> None:
    with suppress(OSError):  # a system that cannot sync folders keeps them by itself
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
