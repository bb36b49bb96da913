"""Remembers across a crash which plugin was being loaded, and whose page was open. Knows nothing
else about plugins."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from studio.base import disk
from studio.library.storage.writer_lock import WriterLock
from studio.protocol.regular_file import read_note


@dataclass(frozen=True)
class OpenPage:
    """A plugin's page in the window.

    Attributes:
        title: Of its page; empty for none.
        held_by: Where it blocked the window, in words; empty if it did not.
    """

    plugin: str
    title: str = ""
    held_by: str = ""


class CrashJournal:
    """A folder with one small file for each import under way, which its process holds locked.

    A file that nobody holds means that its process died in the middle of that import. Beside them
    lies one for the page that is open in a window.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner = secrets.token_hex(8)
        self._page = folder / f"{self._owner}.page"
        self._page_lock = WriterLock(self._page)

    @contextmanager
    def loading(self, plugin: str, module: str) -> Iterator[None]:
        """Note the import on disk for as long as the block runs.

        A folder that cannot be written costs the protection, never the plugin.
        """
        note = self._folder / f"{self._owner}-{plugin}.json"
        lock = WriterLock(note)
        written = self._write(note, lock, {"plugin": plugin, "module": module})
        try:
            yield
        finally:
            lock.release()
            if written:
                note.unlink(missing_ok=True)

    def take_crashed(self) -> dict[str, str]:
        """Return plugin → module of imports that a dead process left, and forget them."""
        crashed: dict[str, str] = {}
        for note in sorted(self._folder.glob("*-*.json")):
            if WriterLock(note).is_held():
                continue
            try:
                entry = json.loads(read_note(note).decode("utf-8"))
                crashed[str(entry["plugin"])] = str(entry["module"])
            except (OSError, ValueError, KeyError, TypeError):
                pass  # cut short by the very crash: no name to blame
            note.unlink(missing_ok=True)
        return crashed

    def note_page(self, page: OpenPage | None) -> None:
        """Note the plugin page now in the window; None for none."""
        if page is not None:
            # Not synced: it has to outlive the process, not the machine, whose end is nobody's.
            self._write(self._page, self._page_lock, asdict(page), sync=False)
        else:
            self._page_lock.release()
            self._page.unlink(missing_ok=True)

    def take_page(self) -> OpenPage | None:
        """Return the page in the window of a dead process, and clear it."""
        page = None
        for note in sorted(self._folder.glob("*.page")):
            if WriterLock(note).is_held():
                continue
            try:
                page = OpenPage(**json.loads(read_note(note).decode("utf-8")))
            except (OSError, ValueError, TypeError):
                pass  # cut short, or of another version
            note.unlink(missing_ok=True)
        return page

    def _write(
        self, note: Path, lock: WriterLock, entry: dict[str, object], *, sync: bool = True
    ) -> bool:
        try:
            disk.make_folder(self._folder)
            lock.acquire()
            with note.open("w", encoding="utf-8") as file:
                json.dump(entry, file)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
        except OSError:
            return False
        return True
