"""The socket between a terminal and the open studio: who may use it, and messages over it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from studio.base import disk

IS_THERE = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
"""Whether this system has such sockets."""
MOST_BYTES = 256 << 20
"""Of one message: the inputs of a job are among them."""
_HEADING = struct.Struct("<I")
_LONGEST_PATH = 100
"""Characters that a socket's path may have everywhere."""


def place(home: Path) -> Path:
    """Return where the socket of a home lies."""
    return home / "run" / "terminals"


@contextlib.contextmanager
def address(path: Path) -> Iterator[str]:
    """Give the path as the system takes it: of a long one on Linux a short name of its folder.

    Raises:
        OSError: The path is too long for this system, or its folder is not there.
    """
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    if sys.platform != "linux":
        raise OSError("the path of the home is too long for a socket")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def is_mine(link: socket.socket) -> bool:
    """Whether a process of this same user is at the other end; asks the kernel."""
    if (peer := getattr(socket, "SO_PEERCRED", None)) is not None:  # Linux: pid, uid, gid
        credentials = link.getsockopt(socket.SOL_SOCKET, peer, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[1]) == os.getuid()
    if os.uname().sysname == "Darwin":  # LOCAL_PEERCRED of SOL_LOCAL, a struct xucred: version, uid
        credentials = link.getsockopt(0, 1, 76)
        return int(struct.unpack_from("2I", credentials)[1]) == os.getuid()
    return False


class Listener:
    """A socket at a place of this home, for this user's processes only."""

    def __init__(self, path: Path) -> None:
        """Listen; replace the socket of a killed studio.

        Raises:
            OSError: This cannot be done there.
        """
        disk.make_folder(path.parent)
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with address(path) as name:
                self._socket.bind(name)
            path.chmod(0o600)
            self._socket.listen()
        except OSError:
            self._socket.close()
            raise

    def accept(self, reads: Any) -> Connection | None:
        """Wait for a connection; None for one of another user's, which is let go.

        Raises:
            OSError: Nobody listens any more.
        """
        link, _ = self._socket.accept()
        if is_mine(link):
            return Connection(link, reads)
        link.close()
        return None

    def close(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def reached(path: Path, reads: Any) -> Connection | None:
    """Return a connection to who listens there; None if nobody does, or another user.

    A studio that was killed leaves its socket behind.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address(path) as name:
            link.connect(name)
        if is_mine(link):
            return Connection(link, reads)
    except OSError:
        pass
    link.close()
    return None


class Connection:
    """Messages both ways. Reading is for one thread, writing for another."""

    def __init__(self, link: socket.socket, reads: Any) -> None:
        """Use ``link``; ``reads`` is the type of what comes."""
        self._link = link
        self._decoder = msgspec.msgpack.Decoder(reads, dec_hook=lambda kind, value: kind(value))
        self._held = bytearray()

    def write(self, message: msgspec.Struct) -> None:
        """Send a message; waits until the other side has room.

        Raises:
            OSError: It is gone.
        """
        data = msgspec.msgpack.encode(message, enc_hook=str)  # paths
        self._link.sendall(_HEADING.pack(len(data)) + data)

    def read(self, seconds: float | None = None) -> Any:
        """Return the next message; None if none came in time.

        Raises:
            EOFError: The other side is gone, or breaks the rules.
        """
        while (message := self._next()) is None:
            if not select.select([self._link], [], [], seconds)[0]:
                return None
            try:
                data = self._link.recv(1 << 16)
            except OSError as error:
                raise EOFError from error
            if not data:
                raise EOFError
            self._held += data
        return message

    def _next(self) -> Any:
        if len(self._held) < _HEADING.size:
            return None
        (size,) = _HEADING.unpack_from(self._held)
        if size > MOST_BYTES:
            raise EOFError
        end = _HEADING.size + size
        if len(self._held) < end:
            return None
        data = bytes(self._held[_HEADING.size : end])
        del self._held[:end]
        try:
            return self._decoder.decode(data)
        except (msgspec.DecodeError, RecursionError, TypeError) as error:
            raise EOFError from error

    def close(self) -> None:
        """Let go; whoever reads or writes is woken."""
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()
