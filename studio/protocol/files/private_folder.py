"""Temporary folders that tell other studios whether their owner lives. Knows no use of one.

The owner holds a lock that the kernel frees when it dies, however it dies. A process id would say
less: the same one is another's in a container, and nobody's outside of it. Who empties temporary
folders by age (``systemd-tmpfiles``) spares those that are locked.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HELD = ".held"
"""On Windows, which locks no folder: the file in it that is locked."""


class PrivateFolder:
    """A folder of this process alone; those that dead processes left for the same use go now.

    It goes with ``close``, with the object or with the process.
    """

    def __init__(self, use: str, parent: Path | None = None) -> None:
        """Make it.

        Args:
            use: A word of small letters.
            parent: Where; by default among the temporary files.

        Raises:
            OSError: It cannot be made.
        """
        stem = f"offline-studio-{use}-"
        parent = parent or Path(tempfile.gettempdir())
        for place in {parent, Path(tempfile.gettempdir())}:
            _sweep(place, stem)
        self._locks: list[int] = []
        while not self._locks:
            self._path = Path(tempfile.mkdtemp(prefix=stem, dir=parent))  # mode 0700
            self._lock()
        self._end = weakref.finalize(self, _remove, self._path, self._locks)

    @property
    def path(self) -> Path:
        """Where it is; made anew where somebody who tidies up has taken it."""
        while self._end.alive and not self._path.is_dir():
            self._path.mkdir(mode=0o700, exist_ok=True)
            self._lock()
        return self._path

    def close(self) -> None:
        """Remove the folder and all that is in it; harmless when that has been done."""
        self._end()

    def _lock(self) -> None:
        """Lock the folder, unless another studio that sweeps was faster: it is gone in a moment."""
        try:
            lock = _hold(self._path)
        except (BlockingIOError, FileNotFoundError):
            return
        except OSError:  # no locks there: nobody else can take one, and so nobody removes it
            lock = os.open(os.devnull, os.O_RDONLY)
        if self._path.exists():
            self._locks.append(lock)
        else:
            os.close(lock)


def runtime_folder() -> Path:
    """Return the user's folder for small files of running programs, else that of temporary ones."""
    place = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = os.path.isabs(place) and os.access(place, os.W_OK | os.X_OK)
    return Path(place) if usable else Path(tempfile.gettempdir())


def _sweep(parent: Path, stem: str) -> None:
    for folder in parent.glob(f"{stem}*"):
        with contextlib.suppress(OSError):  # its owner lives, or it is another user's
            lock = _hold(folder)
            try:
                if not _has_older_owner(folder.name.removeprefix(stem)):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _has_older_owner(rest: str) -> bool:
    """Whether it is of a running studio from before there were locks: its number is in the name."""
    owner = re.match(r"(\d+)-", rest)
    try:
        return owner is not None and b"studio" in Path(f"/proc/{owner[1]}/cmdline").read_bytes()
    except OSError:
        return False


def _hold(folder: Path) -> int:
    """Lock a folder until the descriptor is closed.

    Raises:
        OSError: It is not to be had; ``BlockingIOError`` if somebody else holds it.
    """
    if sys.platform == "win32":
        handle = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT)
    else:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _remove(folder: Path, locks: list[int]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for lock in locks:
        os.close(lock)
    if sys.platform == "win32":  # what is open there cannot be removed
        shutil.rmtree(folder, ignore_errors=True)
