"""What lies on the disk at one moment, while other threads write: what a kill would leave."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy(home: Path, target: Path) -> Path:
    """Copy a folder as it is at one moment, and return the copy.

    A file that is moved meanwhile from a folder not copied yet to one that was would be in neither.
    """
    while True:
        before = _state(home)
        try:
            shutil.copytree(home, target)
        except (shutil.Error, FileNotFoundError):
            pass  # a file was moved before its turn
        else:
            if _state(home) == before:
                return target
        shutil.rmtree(target)


def _state(home: Path) -> set[tuple[str, int, int, int]]:
    found = set()
    for path in home.rglob("*"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # then it was there before, or will not be there after
        found.add((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return found
