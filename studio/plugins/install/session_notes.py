"""Which set of plugins each open studio uses, and whether it has started with it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studio.base import disk
from studio.library.storage.writer_lock import WriterLock
from studio.protocol.regular_file import read_note


@dataclass(frozen=True)
class SessionNote:
    """The note of one process.

    Attributes:
        owner: Names the process.
        number: Of the set it uses.
        started: Whether it has started with that set.
        alive: Whether it still runs.
    """

    owner: str
    number: int
    started: bool
    alive: bool


_OWNER = f"s{secrets.token_hex(8)}"
_LOCKS: dict[Path, WriterLock] = {}
"""Folder → what this process holds there for as long as its note is true."""


class SessionNotes:
    """One small file for each process, and one that it holds locked: a process id would be another
    process's by and by, or mean nothing in another container.

    A disk that refuses costs a protection, never a start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> Iterator[SessionNote]:
        """Yield the notes of processes that run or did not end well."""
        for path in sorted(self._folder.glob("plugins.*.session")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                owner, note = path.name.split(".")[1], json.loads(read_note(path))
                number, started = int(note["set"]), bool(note["started"])
                yield SessionNote(owner, number, started, self._is_running(owner))

    def in_use(self) -> set[int]:
        """Return the numbers of the sets that running processes use."""
        return {note.number for note in self.all() if note.alive}

    def write(self, number: int, started: bool) -> None:
        """Note what this process uses from now on."""
        with suppress(OSError):
            disk.make_folder(self._folder)
            _LOCKS.setdefault(self._folder, WriterLock(self._path(_OWNER, "lock"))).acquire()
            text = json.dumps({"set": number, "started": started})
            disk.write_durably(self._path(_OWNER), text.encode())

    def forget(self, owner: str = _OWNER) -> None:
        """Remove the note of a process, by default of this one."""
        disk.remove(self._path(owner))
        if owner == _OWNER and (lock := _LOCKS.pop(self._folder, None)):
            lock.release()
        disk.remove(self._path(owner, "lock"))

    def _path(self, owner: str, suffix: str = "session") -> Path:
        return self._folder / f"plugins.{owner}.{suffix}"

    def _is_running(self, owner: str) -> bool:
        if not owner.isdecimal():
            return WriterLock(self._path(owner, "lock")).is_held()
        import psutil  # slow, and needed only beside a studio from before there were locks

        return psutil.pid_exists(int(owner))
