"""What lies in a folder, sorted for reading; follows no link. Blocks: not for the window."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from studio_code.folder.reader import IGNORED
from studio_code.pages.files.disk_files import explain, place

STORES = frozenset({".git", ".hg", ".svn"})
"""What version control keeps for itself: listed nowhere, its view shows what is in it."""
MOST_ROWS = 2_000
"""Of one folder; more would be no list to read."""
MOST_FILES = 20_000
"""That are offered by name."""


@dataclass(frozen=True)
class Listed:
    """One row: name, and whether it is a folder; ``quiet`` for hidden or generated entries."""

    name: str
    folder: bool
    quiet: bool = False


@dataclass(frozen=True)
class Listing:
    """A folder's rows; ``left_out`` more are not listed."""

    rows: tuple[Listed, ...]
    left_out: int = 0


def list_folder(root: Path, path: str) -> Listing:
    """Return what lies in ``path`` (empty for the root itself): folders first, quiet ones last.

    What version control keeps for itself is left out.

    Raises:
        StudioError: It is gone, or may not be read.
    """
    where = place(root, path) if path else root
    try:
        with os.scandir(where) as entries:
            names = (entry for entry in entries if entry.name not in STORES)
            rows = [_listed(entry) for entry in names if not entry.name.endswith(".part")]
    except OSError as error:
        raise explain(error, "list", where.name) from error
    rows.sort(key=lambda row: (row.quiet, not row.folder, row.name.casefold()))
    return Listing(tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS))


def walk(root: Path) -> list[str]:
    """Return the files below ``root``, nearest first, without hidden and made ones."""
    paths: list[str] = []
    waiting = deque([""])
    while waiting and len(paths) < MOST_FILES:
        folder = waiting.popleft()
        try:
            with os.scandir(root / folder) as entries:
                rows = sorted((_listed(entry) for entry in entries), key=lambda row: row.name)
        except OSError:
            continue  # gone meanwhile, or closed to us: its files are not offered
        for row in rows:
            path = f"{folder}/{row.name}" if folder else row.name
            if row.quiet:
                continue
            if row.folder:
                waiting.append(path)
            else:
                paths.append(path)
    return paths[:MOST_FILES]


def _listed(entry: os.DirEntry[str]) -> Listed:
    try:
        folder = entry.is_dir(follow_symlinks=False)
    except OSError:
        folder = False
    quiet = entry.name in IGNORED or entry.name.startswith(".")
    return Listed(entry.name, folder, quiet)
