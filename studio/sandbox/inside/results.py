"""Brings back plain files that untrusted code left, few and small. Follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import PurePosixPath

from studio.sandbox.inside.frames import CONTENT, LARGEST, NAME, REFUSED, Writer
from studio.sandbox.inside.order import MOST_BYTES, MOST_FILES, MOST_REFUSALS, Order

MOST_LOOKED_AT, DEEPEST = 20_000, 16
_BLOCK, _SLACK = 512, 1 << 16
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_KINDS = {
    stat.S_IFLNK: "it is a link",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
    stat.S_IFDIR: "it is a folder",
}


class Refused(Exception):
    """Why a file is not brought back."""


class Collector:
    """Walks the working folder after everything that ran in it is dead."""

    def __init__(self, order: Order, report: Writer) -> None:
        self._order = order
        self._report = report
        self._files = self._refusals = 0
        self._room = min(MOST_BYTES, int(order.limits["scratch_bytes"]))

    def collect(self) -> None:
        """Send the requested results, and report refused ones."""
        if not self._order.collect:
            return
        for name, folder in self._matching():
            try:
                self._send(name, folder)
            except Refused as error:
                self._refuse(f"{printable(name)}: {error}")
            except OSError as error:
                self._refuse(f"{printable(name)}: {error.strerror}")

    def _matching(self) -> Iterator[tuple[str, int]]:
        looked_at = 0
        walk = os.fwalk(self._order.work, onerror=self._unreadable, follow_symlinks=False)
        for path, folders, files, descriptor in walk:
            below = os.path.relpath(path, self._order.work)
            if below.count("/") >= DEEPEST - 1:
                self._refuse(f"{printable(below)}: its folders are nested too deeply")
                folders.clear()
            looked_at += len(folders) + len(files)
            if looked_at > MOST_LOOKED_AT:
                self._refuse(f"there are more than {MOST_LOOKED_AT} files")
                return
            links = [name for name in folders if _is_link(name, descriptor)]
            for name in sorted(files + links):
                relative = os.path.normpath(os.path.join(below, name))
                if any(PurePosixPath(relative).match(glob) for glob in self._order.collect):
                    yield relative, descriptor

    def _send(self, name: str, folder: int) -> None:
        if printable(name) != name:
            raise Refused("its name contains unprintable characters")
        if self._files >= MOST_FILES:
            raise Refused(f"there are more than {MOST_FILES} files")
        status = os.stat(os.path.basename(name), dir_fd=folder, follow_symlinks=False)
        self._judge(status)
        descriptor = os.open(os.path.basename(name), _PLAIN, dir_fd=folder)
        with open(descriptor, "rb") as file:
            opened = os.fstat(descriptor)
            if (opened.st_ino, opened.st_mode) != (status.st_ino, status.st_mode):
                raise Refused("it changed while it was being read")
            self._files += 1
            self._room -= opened.st_size
            self._report.send(NAME, name.encode())
            for _ in range(0, opened.st_size, LARGEST):
                self._report.send(CONTENT, file.read(LARGEST))

    def _judge(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise Refused(_KINDS.get(stat.S_IFMT(status.st_mode), "it is not a regular file"))
        if status.st_nlink > 1:
            raise Refused("it has another hard link")
        if status.st_blocks * _BLOCK + _SLACK < status.st_size:
            raise Refused("it is smaller than it claims")
        if status.st_size > min(self._room, int(self._order.limits["file_bytes"])):
            raise Refused("it is too large")

    def _unreadable(self, error: OSError) -> None:
        self._refuse(f"{printable(str(error.filename))}: {error.strerror}")

    def _refuse(self, sentence: str) -> None:
        self._refusals += 1
        if self._refusals <= MOST_REFUSALS:
            self._report.send(REFUSED, sentence[:300].encode())


def _is_link(name: str, folder: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def printable(name: str) -> str:
    """Return a file's name with everything escaped that a screen would not simply show."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
