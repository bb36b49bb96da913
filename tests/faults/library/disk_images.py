"""What a power cut may leave of a folder: all that was synced, and of the rest some, none or half.

Follows one process that writes below a folder: its ``os.fsync`` and ``os.sync``, and the commits of
SQLite, which syncs by itself where ``PRAGMA synchronous`` is FULL. An image has, for each file,
what was synced last, what was written since, or a part of that; a name (of a folder, too) that its
folder was not synced with may be missing, and one that was removed or moved since may be back.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
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
        self._names: dict[int, dict[str, int]] = {}
        """Inode of a folder → the names in it that are on the disk, and their inodes."""
        self._folders: set[int] = set()
        self._open: dict[int, int] = {}
        """Inode → a descriptor that keeps it from being given to another file."""
        self._moments = self.images = 0
        self.is_full_sync = False
        """Whether SQLite was told to sync each commit."""

    def watch(self, replace: Callable[[Any, str, Any], None]) -> None:
        """Follow the process from now on; ``replace`` as ``monkeypatch.setattr``."""
        self._settle_all()  # what is there already has been there for long
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
        replace(os, "sync", lambda: self.sync(self._all()))

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
                self._settle(path)

    def cut_now(self) -> None:
        """Cut the power at this moment."""
        with self._lock:
            self._draw()

    def close(self) -> None:
        """Let go of the files."""
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()

    def _all(self) -> list[Path]:
        return [self._folder, *self._folder.rglob("*")] if self._folder.exists() else []

    def _settle_all(self) -> None:
        for path in self._all():
            self._settle(path)

    def _settle(self, path: Path) -> None:
        """Take it that a file or folder is on the disk as it is now."""
        if path.is_dir():
            self._folders.add(inode := self._kept(path))
            self._names[inode] = _listed(path)
            for name in self._names[inode]:
                if not name.endswith(_PASSING):
                    self._kept(path / name)
        elif path.exists():
            self._content[self._kept(path)] = path.read_bytes()
            if ".db" in path.name:  # SQLite syncs the folder when it makes one
                folder = self._names.setdefault(self._kept(path.parent), {})
                folder[path.name] = path.stat().st_ino

    def _kept(self, path: Path) -> int:
        inode = path.stat().st_ino
        if inode not in self._open:
            self._open[inode] = os.open(path, os.O_RDONLY)
            if path.is_dir():
                self._folders.add(inode)
        return inode

    def _draw(self) -> None:
        image = self._target / f"image-{self.images}"
        self.images += 1
        now = {path.stat().st_ino: path for path in self._all()}
        root = self._folder.stat().st_ino
        before = dict(self._durable(root))
        places = {
            inode: (path.parent.stat().st_ino, path.name)
            for inode, path in now.items()
            if inode != root
        }
        # A file or folder that is moved is never in neither place.
        moved = {
            inode: self._chance.random() < 0.5
            for inode, place in before.items()
            if inode in places and places[inode] != place
        }
        self._copy(root, image, now, moved)
        self._cut(image)

    def _durable(self, folder: int) -> Iterator[tuple[int, tuple[int, str]]]:
        """Yield each inode that is on the disk below a folder, and where."""
        for name, inode in self._names.get(folder, {}).items():
            yield inode, (folder, name)
            if inode in self._folders:
                yield from self._durable(inode)

    def _copy(self, folder: int, place: Path, now: dict[int, Path], moved: dict[int, bool]) -> None:
        place.mkdir(parents=True)
        durable, path = self._names.get(folder, {}), now.get(folder)
        names = _listed(path) if path else {}
        for name in sorted({*durable, *names}):
            inode = self._kept_name(durable.get(name), names.get(name), moved)
            if inode is None or name.endswith(_PASSING):
                continue
            at = now.get(inode)
            if inode in self._folders or (at and at.is_dir()):
                self._copy(inode, place / name, now, moved)
            else:
                (place / name).write_bytes(self._left(inode, at))

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

    def _left(self, inode: int, path: Path | None) -> bytes:
        """Return what is left of a file: what was synced, what it is now, or a part of the new."""
        synced = self._content.get(inode, b"")
        if path is None:
            return synced
        now = path.read_bytes()
        if not now.startswith(synced):  # changed in its middle: before or after
            return self._chance.choice((synced, now))
        torn = now[: self._chance.randint(len(synced), len(now))]
        return self._chance.choice((synced, now, torn))


def _listed(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as entries:
        return {each.name: each.inode() for each in entries}
