"""A reply while it is written, so that a crash loses at most a second of it. Stores no rows."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from studio.base import disk
from studio.library.storage.ulid import is_ulid
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import read_regular

SYNC_SECONDS = 1.0


class TextJournal:
    """An append-only file for one message.

    Each piece goes to the operating system at once, so the death of the studio loses nothing; a
    timer takes it to the disk at most a second later, so a power cut loses no more than that. A
    disk that refuses does not stop the reply: the text is in memory, the refusal is told once.

    Args:
        on_error: Told, from any thread, when the disk refuses.
    """

    def __init__(
        self, path: Path, message: str, on_error: Callable[[StudioError], None] = lambda error: None
    ) -> None:
        self.message = message
        self._path = path
        self._on_error = on_error
        self._pieces: list[str] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        except OSError as error:
            self._give_up(error)

    @property
    def text(self) -> str:
        """All that was appended."""
        return "".join(self._pieces)

    def append(self, text: str) -> None:
        """Add a piece. Costs microseconds; never waits for the disk itself."""
        self._pieces.append(text)
        with self._lock:
            if self._fd < 0:
                return
            try:
                disk.write_all(self._fd, text.encode("utf-8", "replace"))
            except OSError as error:
                self._give_up(error)
                return
            if self._timer is None:
                self._timer = threading.Timer(SYNC_SECONDS, self._sync)
                self._timer.daemon = True
                self._timer.start()

    def remove(self) -> None:
        """Delete the file: its text is in the message now."""
        self.close()
        disk.remove(self._path)

    def close(self) -> None:
        """Stop without saving the message: its text is recovered at the next start."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _sync(self) -> None:
        with self._lock:
            self._timer = None
            if self._fd < 0:
                return
            own = os.dup(self._fd)
        try:  # outside the lock: a slow disk must not hold up the next piece
            disk.sync_file(own)
        except OSError as error:
            with self._lock:
                self._give_up(error)
        finally:
            os.close(own)

    def _give_up(self, error: OSError) -> None:
        """Keep the text in memory only, and tell."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._on_error(disk.explain(error, "save the unfinished text", self._path.parent))


def left_behind(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield (message, text, file) for each journal that a crash left, less a torn character."""
    for path in sorted(folder.glob("*.txt")):
        if is_ulid(path.stem):
            yield path.stem, read_regular(path).decode("utf-8", "ignore"), path
