"""Remembers across a crash which plugin was being loaded. Knows nothing else about plugins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.core import disk


class CrashJournal:
    """A folder with one small file for each import under way, named by process.

    A file whose process is gone means that the process died in the middle of that import.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def loading(self, plugin: str, module: str) -> Iterator[None]:
        """Note the import on disk for as long as the block runs.

        A folder that cannot be written costs the protection, never the plugin.
        """
        note = self._folder / f"{os.getpid()}-{plugin}.json"
        written = self._write(note, {"plugin": plugin, "module": module, "pid": os.getpid()})
        try:
            yield
        finally:
            if written:
                note.unlink(missing_ok=True)

    def take_crashed(self) -> dict[str, str]:
        """Return plugin → module of imports that a dead process left, and forget them."""
        crashed: dict[str, str] = {}
        for note in sorted(self._folder.glob("*-*.json")):
            try:
                entry = json.loads(note.read_text("utf-8"))
                if _is_running(int(note.name.partition("-")[0])):
                    continue
                crashed[str(entry["plugin"])] = str(entry["module"])
            except (OSError, ValueError, KeyError, TypeError):
                pass  # cut short by the very crash: no name to blame
            note.unlink(missing_ok=True)
        return crashed

    def _write(self, note: Path, entry: dict[str, object]) -> bool:
        try:
            disk.make_folder(self._folder)
            with note.open("w", encoding="utf-8") as file:
                json.dump(entry, file)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            return False
        return True


def _is_running(pid: int) -> bool:
    import psutil  # slow, and needed only after a crash

    return pid == os.getpid() or psutil.pid_exists(pid)
