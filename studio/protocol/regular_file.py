"""Opens files that may be anything for reading: waits for no pipe, and reads no device."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading, in bytes.

    Raises:
        OSError: It cannot be opened, or it is no regular file.
    """
    how = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = open(os.open(path, how | getattr(os, "O_CLOEXEC", 0)), "rb")  # noqa: SIM115  returned
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))


def read_regular(path: Path) -> bytes:
    """Return all bytes of a regular file; raise ``OSError`` as :func:`open_regular` does."""
    with open_regular(path) as file:
        return file.read()
