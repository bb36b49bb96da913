"""Opens files that may be anything for reading: waits for no pipe, reads no device, is bounded."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

MOST_BYTES = 256 << 20
MOST_NOTE_BYTES = 16 << 20
MOST_RESULT_BYTES = 4 << 30


class UnsuitableFile(OSError):
    """The path is not a readable file: a pipe, a device, a folder, or too large."""


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading, in bytes.

    Raises:
        OSError: It cannot be opened; ``UnsuitableFile`` if it is no regular file.
    """
    how = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, how | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsuitableFile(
                errno.ELOOP, "it is a link that leads nowhere", str(path)
            ) from None
        raise
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return open(handle, "rb")
    os.close(handle)
    raise UnsuitableFile(errno.EINVAL, "it is not an ordinary file", str(path))


def read_regular(path: Path, most: int = MOST_BYTES) -> bytes:
    """Read all bytes of a regular file.

    Args:
        most: A file that is larger is refused before it is read.

    Raises:
        OSError: As :func:`open_regular` does, or the file is too large.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size <= most:
            data = file.read(most + 1)  # it may grow meanwhile
            if len(data) <= most:
                return data
    raise UnsuitableFile(errno.EFBIG, f"it is larger than {most >> 20} MB", str(path))


def read_note(path: Path) -> bytes:
    """Read a small file, such as the studio and its users write: settings, lists, workflows."""
    return read_regular(path, MOST_NOTE_BYTES)


def read_result(path: Path) -> bytes:
    """Read the result of a task, which may be large."""
    return read_regular(path, MOST_RESULT_BYTES)
