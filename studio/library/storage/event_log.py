"""Append-only files of what happened to rows, to rebuild the database from. Interprets nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from studio.base import disk
from studio.protocol.regular_file import UnsuitableFile, open_regular, read_result

Event = dict[str, Any]
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder says of a line or a file that is damaged."""

_LONGEST_LINE = 64 << 20
_FORMAT = "format"
"""File that is there since format 2."""


class EventLog:
    """JSON lines in a folder, one file a ``stream``: ``artifacts``, ``conversations/<id>``, …"""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_modern(self) -> bool:
        """Whether its files, and the sidecars, are of the present format: no bulk in records."""
        return (self._folder / _FORMAT).exists()

    def mark_modern(self) -> None:
        """Note that they are, durably.

        Raises:
            OSError: The disk refused.
        """
        disk.make_folder(self._folder)
        disk.write_durably(self._folder / _FORMAT, b"2\n")

    def append(self, stream: str, *events: Event) -> None:
        """Add events, on the disk when this returns. All of them or none.

        Raises:
            OSError: The disk refused.
        """
        if not events:
            return
        path = self._path(stream)
        new = not path.exists()
        if new:
            disk.make_folder(path.parent)
        lines = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _append_whole(fd, lines)
        finally:
            os.close(fd)
        if new:
            disk.sync_folder(path.parent)

    def read(self, stream: str) -> Iterator[Event]:
        """Yield the events in order; a line that a crash tore or somebody broke is left out."""
        try:
            file = open_regular(self._path(stream))
        except (FileNotFoundError, UnsuitableFile):
            return
        with file:
            for line in _lines(file):
                try:
                    event = msgspec.json.decode(line)
                except UNREADABLE:
                    continue
                if isinstance(event, dict):
                    yield event

    def damaged(self) -> list[str]:
        """Return the names of files that cannot be read, or not all of whose lines can be."""
        return [
            path.relative_to(self._folder).as_posix()
            for path in sorted(self._folder.rglob("*.jsonl"))
            if not _is_whole(path)
        ]

    def streams(self, prefix: str) -> list[str]:
        """Return the streams whose name begins with ``prefix``, sorted."""
        names = (path.relative_to(self._folder) for path in self._folder.rglob("*.jsonl"))
        streams = (name.with_suffix("").as_posix() for name in names)
        return sorted(stream for stream in streams if stream.startswith(prefix))

    def rewrite(
        self,
        stream: str,
        change: Callable[[Event], Event | None],
        mentioning: Iterable[str] = (),
    ) -> None:
        """Replace each event by what ``change`` makes of it, None for nothing; all or none.

        Nobody may append meanwhile.

        Args:
            mentioning: Leave a stream alone that has none of these words.

        Raises:
            OSError: The disk refused.
        """
        path = self._path(stream)
        try:
            old = read_result(path)
        except FileNotFoundError:
            return
        words = [word.encode() for word in mentioning]
        if words and not any(word in old for word in words):
            return
        changed = (change(event) for event in self.read(stream))
        new = b"".join(msgspec.json.encode(event) + b"\n" for event in changed if event is not None)
        if not new:
            path.unlink()
        elif new != old:
            disk.write_durably(path, new)

    def has(self, stream: str) -> bool:
        """Whether there is anything of a stream."""
        return self._path(stream).exists()

    def replace(self, stream: str, *events: Event) -> None:
        """Let a stream be these events, on the disk when this returns. All of them or none.

        Raises:
            OSError: The disk refused.
        """
        path = self._path(stream)
        disk.make_folder(path.parent)
        disk.write_durably(path, b"".join(msgspec.json.encode(event) + b"\n" for event in events))

    def forget(self, stream: str) -> None:
        """Delete a stream for good."""
        self._path(stream).unlink(missing_ok=True)

    def _path(self, stream: str) -> Path:
        return self._folder / f"{stream}.jsonl"


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines up to one that is too long for an event, of which a piece: that is not ours."""
    for line in iter(partial(file.readline, _LONGEST_LINE), b""):
        yield line
        if len(line) == _LONGEST_LINE:
            return


def _is_whole(path: Path) -> bool:
    """Whether each line can be read, but for the last: a crash may have torn it."""
    try:
        with open_regular(path) as file:
            for line in _lines(file):
                if len(line) == _LONGEST_LINE or (line.endswith(b"\n") and line.strip()):
                    msgspec.json.decode(line)
    except (OSError, *UNREADABLE):
        return False
    return True


def _append_whole(fd: int, lines: bytes) -> None:
    """Append after a whole line; take a part back when the disk refuses the rest."""
    end = os.fstat(fd).st_size
    if end:
        os.lseek(fd, end - 1, os.SEEK_SET)
    torn = end > 0 and os.read(fd, 1) != b"\n"
    try:
        disk.write_all(fd, b"\n" + lines if torn else lines)
        disk.sync_file(fd)
    except OSError:
        os.ftruncate(fd, end)
        raise
