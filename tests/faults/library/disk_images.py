"""What a power cut may leave of a folder: all that was synced, and of the rest some, none or half.

Follows one process that writes below a folder: its ``os.fsync`` and the commits of SQLite, which
syncs by itself where ``PRAGMA synchronous`` is FULL. An image has, for each file, what was synced
last, what was written since, or a part of that; a name that its folder was not synced with may be
missing, and one that was removed since may be back.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PASSING = (".db-shm",)
"""Shared memory of SQLite, which is made anew at each start."""


class PowerCuts:
    """Draws images of ``folder`` into ``target`` while it is written to.

    Args:
        cut: Called with each image.
        every: One of so many moments is drawn.
        careless: Nothing is ever synced: the control.
    """

    def __init__(
        self,
        folder: Path,
        target: Path,
        cut: Callable[[Path], None],
        *,
        every: int,
        seed: int,
        careless: bool = False,
    ) -> None:
        self._folder, self._target, self._cut = folder, target, cut
        self._every, self._careless = every, careless
        self._chance = random.Random(seed)
        self._lock = threading.RLock()
        self._content: dict[int, bytes] = {}
        """Inode → what of it is on the disk."""
        self._names: dict[Path, dict[str, int]] = {}
        """Folder → the names in it that are on the disk, and their inodes."""
        self._open: dict[int, int] = {}
        """Inode → a descriptor that keeps it from being given to another file."""
        self._moments = self.images = 0
        self.is_full_sync = False
        """Whether SQLite was told to sync each commit."""

    def watch(self, replace: Callable[[Any, str, Any], None]) -> None:
        """Follow the process from now on; ``replace`` as ``monkeypatch.setattr``."""
        connect = sqlite3.connect
        cuts = self

        class Watched(sqlite3.Connection):
            def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
                cuts.is_full_sync |= "synchronous = FULL" in sql
                done = super().execute(
                    sql.replace("synchronous = FULL", "synchronous = OFF"), *more
                )
                if sql == "COMMIT":
                    path = Path(super().execute("PRAGMA database_list").fetchone()[2])
                    cuts.sync([path, path.with_name(path.name + "-wal")])
                return done

        replace(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "factory": Watched}))
        replace(os, "fsync", lambda fd: self.sync([Path(os.readlink(f"/proc/self/fd/{fd}"))]))

    def sync(self, paths: list[Path]) -> None:
        """Cut the power, if this moment is drawn; then these files or folders are on the disk."""
        with self._lock:
            inside = [path for path in paths if path.is_relative_to(self._folder)]
            if not inside:
                return
            self._moments += 1
            if self._chance.randrange(self._every) == 0:
                self._draw()
            if self._careless:
                return
            for path in inside:
                if path.is_dir():
                    self._names[path] = _listed(path)
                elif path.exists():
                    self._content[self._kept(path)] = path.read_bytes()
                    if ".db" in path.name:  # SQLite syncs the folder when it makes one
                        self._names.setdefault(path.parent, {})[path.name] = path.stat().st_ino

    def close(self) -> None:
        """Let go of the files."""
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()

    def _kept(self, path: Path) -> int:
        inode = path.stat().st_ino
        if inode not in self._open:
            self._open[inode] = os.open(path, os.O_RDONLY)
        return inode

    def _draw(self) -> None:
        image = self._target / f"image-{self.images}"
        self.images += 1
        folders = [self._folder, *(p for p in self._folder.rglob("*") if p.is_dir())]
        moved = self._moved(folders)
        for folder in folders:
            durable, now = self._names.get(folder, {}), _listed(folder)
            place = image / folder.relative_to(self._folder)
            place.mkdir(parents=True, exist_ok=True)
            for name in sorted({*durable, *now}):
                if (folder / name).is_dir() or name.endswith(_PASSING):
                    continue
                inode = self._kept_name(durable.get(name), now.get(name), moved)
                if inode is not None:
                    (place / name).write_bytes(self._left(inode, folder / name))
        self._cut(image)

    def _moved(self, folders: list[Path]) -> dict[int, bool]:
        """Return the inodes that were moved since, and whether that is on the disk: a file that is
        moved is never in neither place.
        """
        before = {i: (folder, name) for folder in folders
                  for name, i in self._names.get(folder, {}).items()}  # fmt: skip
        now = {i: (folder, name) for folder in folders for name, i in _listed(folder).items()}
        return {
            inode: self._chance.random() < 0.5
            for inode, place in before.items()
            if inode in now and now[inode] != place
        }

    def _kept_name(self, old: int | None, new: int | None, moved: dict[int, bool]) -> int | None:
        """Return which inode a name has that was ``old`` on the disk and is ``new`` now."""
        if old == new:
            return new
        coin = self._chance.random() < 0.5
        if new is not None and moved.get(new, coin):
            return new
        if old in moved:
            return None if moved[old] else old
        return old if new is not None or coin else None

    def _left(self, inode: int, path: Path) -> bytes:
        """Return what is left of a file: what was synced, what it is now, or a part of the new."""
        synced = self._content.get(inode, b"")
        if not path.exists() or path.stat().st_ino != inode:
            return synced
        now = path.read_bytes()
        if not now.startswith(synced):  # changed in its middle: before or after
            return self._chance.choice((synced, now))
        torn = now[: self._chance.randint(len(synced), len(now))]
        return self._chance.choice((synced, now, torn))


def _listed(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as entries:
        return {each.name: each.inode() for each in entries}
