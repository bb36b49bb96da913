"""Disk cache of computed files, with eviction of the least recently used."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def used(latest: Path, most: int) -> None:
    """Note that a file was used now, and forget others beside it while all are too much.

    A disk that refuses is no failure: it keeps more than it should.

    Args:
        most: Bytes of all files of the folder together.
    """
    with contextlib.suppress(OSError):
        os.utime(latest)
        files = sorted(latest.parent.iterdir(), key=lambda file: file.stat().st_mtime)
        size = sum(file.stat().st_size for file in files)
        for file in files[:-1]:
            if size <= most:
                break
            size -= file.stat().st_size
            file.unlink()
