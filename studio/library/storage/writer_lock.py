"""One writer at a time: a lock the kernel frees when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from studio.protocol.regular_file import read_note

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PID_AT = 1 << 20
"""Where Windows locks a byte: far behind the pid, which others must be able to read."""
_MOMENT = 0.02
_WIDTH = 20
"""As wide as any pid, so that nothing is left of a longer one."""


class WriterLock:
    """The file ``lock`` of a library; it holds the pid of the writer.

    It is never deleted: a file that is unlinked while somebody waits for it locks nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def acquire(self) -> bool:
        """Take the lock if it is free; return whether it is ours now.

        Raises:
            OSError: The file cannot be made, or the file system has no locks.
        """
        if self._fd >= 0:
            return True
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _is_locked(fd):
                os.close(fd)
                return False
        except BaseException:
            os.close(fd)
            raise
        with suppress(
            OSError
        ):  # on a full disk nobody can say who holds it; it is held all the same
            # Written over, not cut first: some file systems wait for the disk after a cut.
            os.write(fd, f"{os.getpid():<{_WIDTH}}".encode())
        self._fd = fd
        return True

    def is_held(self) -> bool:
        """Whether somebody writes; False also where that cannot be found out."""
        with suppress(OSError):
            fd = os.open(self._path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
            try:
                return not _is_locked(fd, tries=1)
            finally:
                os.close(fd)
        return False

    def holder(self) -> int:
        """Return the pid of the writer, 0 when nobody can say."""
        try:
            return int(read_note(self._path).decode() or 0)
        except (OSError, ValueError):
            return 0

    def release(self) -> None:
        """Let the next one write; harmless when not held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _is_locked(fd: int, tries: int = 3) -> bool:
    """Lock a file unless somebody has it: who only asks has it for a moment."""
    for left in reversed(range(tries)):
        try:
            _lock(fd)
        except (BlockingIOError, PermissionError):
            if left:
                time.sleep(_MOMENT)
        else:
            return True
    return False


def _lock(fd: int) -> None:
    if sys.platform == "win32":
        os.lseek(fd, _PID_AT, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        os.lseek(fd, 0, os.SEEK_SET)
    else:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
