"""Which set of plugins each open studio uses, and whether it has started with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studio.core import disk
from studio.protocol.regular_file import read_note


@dataclass(frozen=True)
class SessionNote:
    """What one process has noted.

    Attributes:
        number: Of the set it uses.
        started: Whether it has started with that set.
        alive: Whether it still runs.
    """

    pid: int
    number: int
    started: bool
    alive: bool


class SessionNotes:
    """One small file for each process. A disk that refuses costs a protection, never a start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> Iterator[SessionNote]:
        """Yield what was noted by processes that run or did not end well."""
        for path in sorted(self._folder.glob("plugins.*.session")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                pid, note = int(path.name.split(".")[1]), json.loads(read_note(path))
                yield SessionNote(pid, int(note["set"]), bool(note["started"]), _is_running(pid))

    def in_use(self) -> set[int]:
        """Return the numbers of the sets that running processes use."""
        return {note.number for note in self.all() if note.alive}

    def write(self, number: int, started: bool) -> None:
        """Note what this process uses from now on."""
        with suppress(OSError):
            disk.make_folder(self._folder)
            text = json.dumps({"set": number, "started": started})
            disk.write_durably(self._path(os.getpid()), text.encode())

    def forget(self, pid: int = 0) -> None:
        """Remove the note of ``pid``, by default of this process."""
        disk.remove(self._path(pid or os.getpid()))

    def _path(self, pid: int) -> Path:
        return self._folder / f"plugins.{pid}.session"


def _is_running(pid: int) -> bool:
    import psutil  # slow, and needed only where somebody has left a note

    return pid == os.getpid() or psutil.pid_exists(pid)
