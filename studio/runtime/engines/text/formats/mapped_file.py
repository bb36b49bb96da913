"""A regular file mapped for reading. Never blocks on what is none, never writes, parses nothing."""

from __future__ import annotations

import mmap
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown

if TYPE_CHECKING:
    import torch

_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)
"""Of Linux; Python has no name for it before 3.13."""


class MappedFile:
    """Bytes of a regular file, mapped copy-on-write: nothing here can change the file.

    A file that shrinks under a mapping ends the process with SIGBUS, so readers call
    :meth:`check_unchanged` right before they touch a tensor's bytes.

    Attributes:
        path: The file.
        size: Its length in bytes when it was opened.
    """

    def __init__(self, path: Path) -> None:
        """Open and map ``path``.

        Raises:
            StudioError: It is missing, unreadable, empty, or no regular file.
        """
        self.path = path
        self._fd = _open_regular(path)
        try:
            facts = os.fstat(self._fd)
            self.size = facts.st_size
            self._stamp = (facts.st_size, facts.st_mtime_ns)
            if self.size == 0:
                raise bad_weights(path, "the file is empty")
            self.data = _map(self._fd, path)
        except BaseException:
            os.close(self._fd)
            raise

    def check_unchanged(self) -> None:
        """Raise if the file has another length or date than when it was opened.

        Raises:
            StudioError: It changed on disk.
        """
        facts = os.fstat(self._fd)
        if (facts.st_size, facts.st_mtime_ns) != self._stamp:
            raise bad_weights(
                self.path, "the file changed while it was being read", "Load it again."
            )

    def bytes_at(self, offset: int, length: int) -> torch.Tensor:
        """Return ``length`` bytes from ``offset`` as a uint8 tensor over the mapping, uncopied."""
        import torch  # here, so that headers can be read by a process too small for it

        self.check_unchanged()
        if length == 0:
            return torch.empty(0, dtype=torch.uint8)
        return torch.frombuffer(self.data, dtype=torch.uint8, count=length, offset=offset)

    def close(self) -> None:
        """Let go of the file; the mapping itself goes when the last tensor over it does."""
        if self._fd < 0:
            return
        os.close(self._fd)
        self._fd = -1
        # Not ``self.data.close()``: torch keeps the mapping's object but does not lock it, so the
        # bytes would go from under a tensor that still lives, be it in a traceback only.
        del self.data

    def __enter__(self) -> MappedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_regular(path: Path) -> int:
    """Open ``path`` without ever blocking on a pipe or a device; return the descriptor."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        raise _cannot_open(path, error) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise bad_weights(path, "it is not a regular file", "Choose a model file.")
    return fd


def _map(fd: int, path: Path) -> mmap.mmap:
    try:
        if sys.platform != "linux":
            return mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)
        # What may be copied when written to counts as memory at once, and a file larger than the
        # machine's memory would be refused, though nothing is ever written.
        flags, access = mmap.MAP_PRIVATE | _NO_RESERVE, mmap.PROT_READ | mmap.PROT_WRITE
        return mmap.mmap(fd, 0, flags=flags, prot=access)
    except OSError as error:
        raise _cannot_open(path, error) from error


def _cannot_open(path: Path, error: OSError | ValueError) -> StudioError:
    if isinstance(error, FileNotFoundError):
        return StudioError(
            ErrorCode.NOT_FOUND,
            f"{shown(path)} no longer exists.",
            "Restore it, or choose another model.",
        )
    if isinstance(error, PermissionError) and not path.is_dir():
        return StudioError(
            ErrorCode.PERMISSION,
            f"You do not have permission to read {shown(path)}.",
            "Change its permissions, or choose another model.",
        )
    reason = getattr(error, "strerror", None) or str(error)
    return bad_weights(path, f"it cannot be opened ({reason})", "Choose a model file.")
