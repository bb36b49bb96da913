"""Frames: how a message and its blobs lie on the wire. Knows bytes and limits, not meanings.

magic "OS1\\0" · u32 body length · u16 blob count
per blob: u8 kind (0 inline, 1 shared) · u64 length · 16-byte name of its file (else 0)
body (msgpack) · the inline blobs, one after the other                    all big-endian
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from studio.protocol.blobs import SHARED_FROM, SharedArea, flat
from studio.protocol.errors import ErrorCode, StudioError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAGIC = b"OS1\0"
MAX_BODY = 8 * 1024**2
MAX_BLOBS = 64
MAX_INLINE = 512 * 1024**2
MAX_SHARED = 2 * 1024**3
"""Of all shared blobs of one frame."""

INLINE, SHARED = 0, 1
HEADER = struct.Struct("!4sIH")
ENTRY = struct.Struct("!BQ16s")
_NO_NAME = bytes(16)
_PIECE = 1024**2
_ENCODER = msgspec.msgpack.Encoder()


@dataclass(frozen=True)
class Frame:
    """A received frame: the message, still encoded, and its blobs."""

    body: bytearray
    blobs: tuple[memoryview, ...]


class Stream(Protocol):
    """The reading end of a pipe."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Fill some of ``buffer``; 0 at the end."""
        ...


def encode_body(message: msgspec.Struct) -> bytes:
    """Return ``message`` as msgpack.

    Raises:
        StudioError: ``BAD_INPUT``: it is too large, or holds what is not plain data.
    """
    try:
        body = _ENCODER.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT, f"The parameters contain something that cannot be sent: {error}."
        ) from error
    if len(body) > MAX_BODY:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The request is too large: {len(body) / 1e6:.1f} MB of text and parameters; the "
            f"limit is {MAX_BODY / 1e6:.1f} MB.",
            "Shorten the text, or use a file instead.",
        )
    return body


def encode(
    body: bytes, blobs: Sequence[Buffer] = (), area: SharedArea | None = None
) -> list[Buffer]:
    """Return the frame as buffers to write in order; large blobs go through ``area``, if any.

    Raises:
        StudioError: ``BAD_INPUT``: there are too many or too large blobs.
    """
    views = [flat(blob) for blob in blobs]
    check_count(len(views))
    table = bytearray()
    inline: list[Buffer] = []
    for view in views:
        large = area is not None and view.nbytes >= SHARED_FROM
        name = area.put(view) if area and large else None
        if name is None:
            inline.append(view)
        table += ENTRY.pack(INLINE if name is None else SHARED, view.nbytes, name or _NO_NAME)
    if sum(memoryview(part).nbytes for part in inline) > MAX_INLINE:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The arrays are too large: the limit is {MAX_INLINE / 1e6:.0f} MB.",
        )
    head = HEADER.pack(MAGIC, len(body), len(views)) + table + body
    return [head, *inline]


def check_count(blobs: int) -> None:
    """Refuse more blobs than a message may carry.

    Raises:
        StudioError: ``BAD_INPUT``.
    """
    if blobs > MAX_BLOBS:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"Too many inputs: {blobs}; the limit is {MAX_BLOBS}.",
            "Send fewer at a time.",
        )


def read_frame(stream: Stream, area: SharedArea | None = None) -> Frame:
    """Read one frame.

    Raises:
        EOFError: The stream ended, between two frames or (it says so) inside one.
        StudioError: ``PROTOCOL``: the bytes are no frame, or one beyond the limits.
    """
    head = _read(stream, HEADER.size)
    magic, body_length, count = HEADER.unpack(head)
    if magic != MAGIC:
        raise _violation("it sent an unknown message")
    if body_length > MAX_BODY or count > MAX_BLOBS:
        raise _violation("a message is too large")
    rest = _read(stream, count * ENTRY.size + body_length, inside=True)
    entries = list(ENTRY.iter_unpack(memoryview(rest)[: count * ENTRY.size]))
    _check_entries(entries, area)
    blobs = []
    for kind, length, name in entries:
        if kind == SHARED and area is not None:
            blobs.append(memoryview(area.take(name, length)))
        else:
            blobs.append(memoryview(_read(stream, length, inside=True)))
    return Frame(rest[count * ENTRY.size :], tuple(blobs))


def _check_entries(entries: list[tuple[int, int, bytes]], area: SharedArea | None) -> None:
    total = {INLINE: 0, SHARED: 0}
    for kind, length, _ in entries:
        if kind not in total:
            raise _violation("a blob has an unknown type")
        total[kind] += length
    if total[INLINE] > MAX_INLINE or total[SHARED] > MAX_SHARED:
        raise _violation("the blobs of a message are too large")
    if any(kind == SHARED for kind, _, _ in entries) and area is None:
        raise _violation("a shared blob was sent without a shared folder")


def _read(stream: Stream, length: int, inside: bool = False) -> bytearray:
    """Read ``length`` bytes. Room is made as they come: a length is only a claim."""
    data = bytearray(min(length, _PIECE))
    filled = 0
    while filled < length:
        if filled == len(data):
            data.extend(bytes(min(length - filled, filled)))
        with memoryview(data) as view, view[filled:] as room:  # both let go, or it cannot grow
            count = stream.readinto(room)
        if not count:
            raise EOFError("it ended in the middle of a message" if inside or filled else "")
        filled += count
    return data


def _violation(what: str) -> StudioError:
    return StudioError(ErrorCode.PROTOCOL, f"The connection to the runtime was lost: {what}.")
