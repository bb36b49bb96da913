"""Room to give back when the disk is full, since even deleting needs some."""

from __future__ import annotations

import os
from pathlib import Path

from studio.base import disk

BALLAST_BYTES = 16 << 20
_ROOMY = 20
"""Only where this many times its size is free: the ballast must not be what fills the disk."""


class ReservedSpace:
    """The file ``ballast`` of a library."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> bool:
        """Take up the room if there is plenty; return whether the ballast is there."""
        if self._path.exists():
            return True
        if disk.free_bytes(self._path.parent) < _ROOMY * BALLAST_BYTES:
            return False
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                _reserve(fd)
            finally:
                os.close(fd)
        except OSError:
            disk.remove(self._path)
            return False
        return True

    def release(self) -> bool:
        """Give the room back; return whether there was any."""
        return self._path.exists() and disk.remove(self._path)


def _reserve(fd: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, BALLAST_BYTES)
    else:  # random bytes: some file systems store no zeros
        disk.write_all(fd, os.urandom(BALLAST_BYTES))
