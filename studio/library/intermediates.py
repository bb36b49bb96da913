"""Costly intermediates of tasks: hidden children of results, by key. Can all be made again.

They are no artifacts, so no list, search or count meets them. A row goes with its artifact, by the
foreign key; the file goes at the next sweep, which an erasure does at once. A database that is made
again has none.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from studio.base import disk
from studio.library.storage.database import Database
from studio.protocol.regular_file import read_result

FOLDER = "intermediates"
MOST_BYTES = 2 << 30
"""So much is kept; then what was used least recently goes."""


class Intermediates:
    """Those of a library."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder / FOLDER

    def keep(self, plugin: str, key: str, artifact: str, payload: bytes) -> None:
        """Store an intermediate of an artifact; replace an existing one under the same key.

        Raises:
            StudioError: The disk refused; nothing is stored.
        """
        if len(payload) > MOST_BYTES:
            return
        path = self._path(plugin, key)
        with self._database.guard("keep an intermediate result"):
            disk.make_folder(self._folder)
            disk.write_durably(path, payload)
        digest = hashlib.sha256(payload).hexdigest()
        with self._database.write("keep an intermediate result") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO intermediates (name, artifact, digest, bytes, used)"
                " SELECT ?, id, ?, ?, ? FROM artifacts WHERE id = ?",
                (path.name, digest, len(payload), time.time(), artifact),
            )
        self.free(self.bytes - MOST_BYTES)

    def find(self, plugin: str, key: str) -> Path | None:
        """Return the file stored under a key; None if it is missing or damaged."""
        path = self._path(plugin, key)
        row = self._database.one("SELECT digest FROM intermediates WHERE name = ?", path.name)
        try:
            if row is None or hashlib.sha256(read_result(path)).hexdigest() != row["digest"]:
                return None
        except OSError:
            return None
        if not self._database.read_only:
            with self._database.write("note the use of an intermediate result") as connection:
                used = (time.time(), path.name)
                connection.execute("UPDATE intermediates SET used = ? WHERE name = ?", used)
        return path

    @property
    def bytes(self) -> int:
        """The total size of all intermediates."""
        return int(self._database.value("SELECT coalesce(sum(bytes), 0) FROM intermediates"))

    def free(self, wanted: int) -> int:
        """Evict the least recently used ``wanted`` bytes; return the bytes freed."""
        if wanted <= 0:
            return 0
        gone, freed = [], 0
        for row in self._database.all("SELECT name, bytes FROM intermediates ORDER BY used, name"):
            gone.append((row["name"],))
            freed += row["bytes"]
            if freed >= wanted:
                break
        with self._database.write("make room", freeing=True) as connection:
            connection.executemany("DELETE FROM intermediates WHERE name = ?", gone)
        self.sweep()
        return freed

    def sweep(self) -> None:
        """Remove files without an entry."""
        names = {row[0] for row in self._database.all("SELECT name FROM intermediates")}
        for path in self._folder.glob("*"):
            if path.name not in names:
                disk.remove(path)

    def _path(self, plugin: str, key: str) -> Path:
        return self._folder / hashlib.sha256(f"{plugin}\0{key}".encode()).hexdigest()
