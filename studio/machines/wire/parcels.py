"""Parcels: a message with its blobs and files, in pieces. Knows no meaning of any message."""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from studio.machines.wire.packets import PIECE, violation
from studio.protocol.blobs import flat
from studio.protocol.frames import MAX_BLOBS, MAX_BODY, MAX_SHARED
from studio.protocol.regular_file import open_regular

MOST_FILES = 10_000
MOST_FILE_BYTES = 256 * 1024**3
_LENGTH = struct.Struct("!I")


class _File(msgspec.Struct, frozen=True):
    """``inside`` is its place in the folder ``path``, where that was sent whole."""

    path: str
    size: int
    inside: str = ""


class _Head(msgspec.Struct, frozen=True):
    """The header of a parcel: the lengths of all that follows, in its order."""

    body: int
    blobs: tuple[int, ...] = ()
    files: tuple[_File, ...] = ()


_HEAD = msgspec.msgpack.Decoder(_Head)


@dataclass
class Parcel:
    """A message sent together with its files.

    Attributes:
        body: An encoded message.
        files: Path of a file or folder where it came from → where it lies here; None if there was
            no room.
    """

    body: bytes
    blobs: Sequence[Any] = ()
    files: dict[str, Path | None] = field(default_factory=dict)


def pieces(
    body: bytes,
    blobs: Sequence[Any] = (),
    files: Sequence[Path] = (),
    passing: bool = False,
) -> Iterator[bytes]:
    """Yield a parcel in pieces, all but the last of them ``PIECE`` bytes long.

    Files are read as they go; one that was cut short meanwhile is filled up with zeros. Of a folder
    all files are sent.

    Args:
        passing: Delete the files once they are read.
    """
    views = [flat(blob) for blob in blobs]
    listed = [(file, inside) for file in files for inside in inside_of(file)]
    whole = [file / inside for file, inside in listed]
    sizes = [file.stat().st_size for file in whole]
    named = tuple(
        _File(str(file), size, inside) for (file, inside), size in zip(listed, sizes, strict=True)
    )
    head = msgspec.msgpack.encode(_Head(len(body), tuple(v.nbytes for v in views), named))
    rest = bytearray()
    for part in _parts(_LENGTH.pack(len(head)) + head + body, views, whole, sizes, passing):
        rest += part
        while len(rest) > PIECE:
            yield bytes(rest[:PIECE])
            del rest[:PIECE]
    yield bytes(rest)


def inside_of(path: Path) -> Iterator[str]:
    """Yield the relative paths of all files in a folder, sorted; one empty path for a file."""
    if not path.is_dir():
        yield ""
        return
    for at, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(at, name)
            if file.is_file():  # no pipe, no link that leads nowhere
                yield file.relative_to(path).as_posix()


def _parts(
    start: bytes,
    views: Sequence[memoryview[int]],
    files: Sequence[Path],
    sizes: Sequence[int],
    passing: bool,
) -> Iterator[Any]:
    yield from (start[at : at + PIECE] for at in range(0, len(start), PIECE))
    for view in views:
        yield from (view[at : at + PIECE] for at in range(0, view.nbytes, PIECE))
    for path, size in zip(files, sizes, strict=True):
        with open_regular(path) as file:
            left = size
            while left:
                data = file.read(min(PIECE, left)) or bytes(min(PIECE, left))
                left -= len(data)
                yield data
        if passing:
            path.unlink(missing_ok=True)


class Assembler:
    """Puts one parcel together again. Room is made as bytes come: a length is only a claim.

    Args:
        folder: Where its files go, each in a folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = bytearray()
        self._wanted = _LENGTH.size
        self._steps = self._plan()
        next(self._steps)
        self.parcel: Parcel | None = None

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            StudioError: ``PROTOCOL``: it is beyond the limits, or longer than it said.
        """
        view = memoryview(data)
        while view:
            if self.parcel is not None:
                raise violation("a message is longer than it said")
            take = view[: self._wanted - len(self._data)]
            self._data += take
            view = view[len(take) :]
            while self.parcel is None and len(self._data) == self._wanted:
                self._advance()

    def finish(self) -> Parcel:
        """Return the parcel, all of which has come.

        Raises:
            StudioError: ``PROTOCOL``: it is shorter than it said.
        """
        if self.parcel is None:
            raise violation("a message is shorter than it said")
        return self.parcel

    def drop(self) -> None:
        """Let go of a parcel whose rest will not come."""
        self._steps.close()

    def _advance(self) -> None:
        data, self._data = bytes(self._data), bytearray()
        try:
            self._wanted = self._steps.send(data)
        except StopIteration as end:
            self.parcel = end.value

    def _plan(self) -> Any:
        """Yield how many bytes come next, and be sent them; return the parcel."""
        data = yield 0
        (length,) = _LENGTH.unpack(data)
        if length > MAX_BODY:
            raise violation("the head of a message is too large")
        head = _head((yield length))
        body = yield head.body
        blobs = []
        for size in head.blobs:
            whole = bytearray()
            while len(whole) < size:
                whole += yield min(PIECE, size - len(whole))
            blobs.append(memoryview(whole))
        files: dict[str, Path | None] = {}
        tops: dict[str, Path] = {}
        for file in head.files:
            top = tops.get(file.path) or self._folder / secrets.token_hex(16) / _name(file.path)
            tops[file.path] = top
            came = yield from self._file(file.size, top / file.inside)
            is_whole = came is not None and files.get(file.path, top) is not None
            files[file.path] = top if is_whole else None
        return Parcel(body, tuple(blobs), files)

    def _file(self, size: int, place: Path) -> Any:
        handle, left = None, size
        try:
            try:
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except OSError:  # told by its absence
                place = None  # type: ignore[assignment]
            while left:
                data = yield min(PIECE, left)
                left -= len(data)
                if handle is not None and not _wrote(handle, data):
                    os.close(handle)
                    handle, place = None, _gone(place)
        finally:
            if handle is not None:
                os.close(handle)
            if left and place is not None:
                _gone(place)
        return place


def _wrote(handle: int, data: bytes) -> bool:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(handle, view) :]
    except OSError:
        return False
    return True


def _gone(place: Path) -> Any:
    place.unlink(missing_ok=True)
    with suppress(OSError):  # others of its folder lie there
        place.parent.rmdir()


def _name(path: str) -> str:
    return Path(path).name or "file"


def _is_inside(inside: str) -> bool:
    """Whether a place in a folder is in it, wherever the folder lies."""
    return not inside or not (inside.startswith("/") or {"", ".", ".."} & {*inside.split("/")})


def _head(data: bytes) -> _Head:
    try:
        head = _HEAD.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise violation("the head of a message is invalid") from error
    files = sum(file.size for file in head.files)
    lengths = (head.body, *head.blobs, *(file.size for file in head.files))
    if (
        min(lengths) < 0
        or head.body > MAX_BODY
        or len(head.blobs) > MAX_BLOBS
        or sum(head.blobs) > MAX_SHARED
        or len(head.files) > MOST_FILES
        or files > MOST_FILE_BYTES
    ):
        raise violation("a message is too large")
    if not all(_is_inside(file.inside) for file in head.files):
        raise violation("a file would lie beside its folder")
    return head
