"""Notices new, changed and vanished files in folders of weights. Reads names and sizes, no content.

It is asked every few seconds rather than told by the system: that works on network drives too, and
a file that is being copied has to be looked at twice anyway.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from studio.models.recognition import MAX_DEPTH, MAX_ENTRIES

_OF_WEIGHTS = (".gguf", ".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".toml", ".json")

Stamp = tuple[int, int]


class FolderWatch:
    """Compares what lies in some folders with what lay there before. Used by one thread at a time.

    Args:
        folders: Returns the folders to look into.
    """

    def __init__(self, folders: Callable[[], Sequence[Path]]) -> None:
        self._folders = folders
        self._seen: dict[Path, Stamp] | None = None
        self._growing: frozenset[Path] = frozenset()

    @property
    def growing(self) -> frozenset[Path]:
        """Files that were new, or of another size, when looked at last."""
        return self._growing

    def look(self) -> bool:
        """Look once; return whether the catalogue should look too.

        What lies there at the first look is taken for whole.
        """
        now = dict(_files(self._folders()))
        before, self._seen = self._seen, now
        if before is None:
            return False
        grew = frozenset(path for path, stamp in now.items() if before.get(path) != stamp)
        was_growing, self._growing = self._growing, grew
        return grew != was_growing or before.keys() != now.keys()


def _files(folders: Sequence[Path]) -> Iterator[tuple[Path, Stamp]]:
    left = MAX_ENTRIES
    waiting = [(os.fspath(folder), 0) for folder in folders]
    while waiting and left > 0:
        folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    left -= 1
                    if left <= 0:
                        return
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        if depth < MAX_DEPTH:
                            waiting.append((entry.path, depth + 1))
                    elif entry.name.lower().endswith(_OF_WEIGHTS):
                        stat = entry.stat()
                        yield Path(entry.path), (stat.st_size, stat.st_mtime_ns)
        except OSError:  # gone meanwhile, or not ours to read
            continue
