"""What becomes of files and folders that are dropped on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from studio.api import Mode

_WRITTEN = (".txt", ".md", ".mid", ".midi", ".smi", ".smiles")
_WRITERS = ("decoder_transformer", "recurrent", "encoder_decoder")
_LOOKED_AT = 100
"""Files of a folder that say what is in it."""


def values_of(mode: Mode, now: Mapping[str, Any], paths: Sequence[Path]) -> dict[str, Any] | None:
    """Return the fields of a mode for dropped files; None where it takes no data.

    Several files stand for their common folder. Text, tunes and molecules select an architecture
    that generates sequences.

    Args:
        now: Current values of its form.
    """
    path = paths[0].parent if len(paths) > 1 else paths[0]
    names = {field.name for field in mode.params.fields()}
    if "table" in names and path.suffix.lower() in (".csv", ".tsv"):
        return {"table": str(path)}
    if "data" not in names:
        return None
    values = {"data": str(path)}
    if now.get("architecture", _WRITERS[0]) not in _WRITERS and _is_written(path):
        values["architecture"] = _WRITERS[0]
    return values


def _is_written(path: Path) -> bool:
    """Whether most of a folder, or the file, is text of some sort."""
    inside = list(islice(path.rglob("*.*"), _LOOKED_AT)) if path.is_dir() else [path]
    return 2 * sum(file.suffix.lower() in _WRITTEN for file in inside) > len(inside)
