"""Where the text engine keeps what outlives it, and what tells weights apart there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from studio.protocol.regular_file import open_regular
from studio.protocol.weights_files import files_of
from studio.runtime.pool.digests import Digests

PACKED = "packed"
"""Folder of packed weights."""

SPEEDS = "engine-speeds.json"
"""File of how fast each engine is here."""

CLOSENESS = "input-closeness.json"
"""File of what inputs of one byte cost each model."""

_SAMPLES = 64
_SAMPLE_BYTES = 4_096


def identity(path: Path, cache: Path | None = None) -> str:
    """Return what tells the weights at ``path`` from all others.

    That is their digest where it is known; else names, sizes, dates and samples, for reading all
    bytes takes longer than what is kept would save. One never stands for the other.

    Args:
        path: File or folder.
        cache: Folder of caches, in which the runtime keeps the digests that it computed.
    """
    if digest := Digests(cache).known(path):
        return f"sha256 {digest}"
    samples = hashlib.sha256()
    for file in files_of(path):
        facts = file.stat()
        samples.update(f"{file.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        with open_regular(file) as stream:
            for sample in range(_SAMPLES):
                stream.seek(facts.st_size * sample // _SAMPLES)
                samples.update(stream.read(_SAMPLE_BYTES))
    return f"samples {samples.hexdigest()}"
