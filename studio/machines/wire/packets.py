"""Packets: how pieces of parcels lie on the wire between two machines. Knows bytes and limits.

u8 kind · u8 flags · u64 number · u32 stream · u32 length · payload                    big-endian
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.frames import Stream

PIECE = 64 * 1024
"""Bytes of a parcel that travel together: what is urgent waits for no more than one of them."""
HEADER = struct.Struct("!BBQII")
_LEAST = 512
"""Fewer bytes are not worth the work of compressing them."""
_PAYS = 0.9

DATA, ACK, PING, RESUME, REFUSE = range(5)
"""What a packet is: a piece, how far was received, a sign of life, the first one, the last one."""
LAST, COMPRESSED = 1, 2


class Packet(NamedTuple):
    """One packet; ``payload`` is as it was before it was compressed."""

    kind: int
    flags: int = 0
    number: int = 0
    stream: int = 0
    payload: bytes = b""


def encode(packet: Packet) -> tuple[bytes, bool]:
    """Return a packet as bytes, and whether compressing it would have paid."""
    payload, flags = packet.payload, packet.flags
    pays = False
    if flags & COMPRESSED and len(payload) >= _LEAST:
        small = zlib.compress(payload, 1)
        pays = len(small) < _PAYS * len(payload)
        payload = small if pays else payload
    flags = flags | COMPRESSED if pays else flags & ~COMPRESSED
    head = HEADER.pack(packet.kind, flags, packet.number, packet.stream, len(payload))
    return head + payload, pays


def read(stream: Stream) -> Packet:
    """Read one packet.

    Raises:
        EOFError: The stream has ended.
        StudioError: ``PROTOCOL``: the bytes are no packet, or one beyond the limits.
    """
    kind, flags, number, name, length = HEADER.unpack(_exactly(stream, HEADER.size))
    if kind > REFUSE or length > PIECE:
        raise violation("it sent something unknown")
    payload = _exactly(stream, length)
    if flags & COMPRESSED:
        payload = _expanded(payload)
    return Packet(kind, flags, number, name, payload)


def _expanded(payload: bytes) -> bytes:
    expander = zlib.decompressobj()
    try:
        data = expander.decompress(payload, PIECE)
    except zlib.error as error:
        raise violation("a compressed piece is damaged") from error
    if not expander.eof or expander.unconsumed_tail:
        raise violation("a compressed piece is too large")
    return data


def _exactly(stream: Stream, length: int) -> bytes:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = stream.readinto(view)
        if not count:
            raise EOFError
        view = view[count:]
    return bytes(data)


def violation(what: str) -> StudioError:
    """Return the error for a peer that breaks the rules."""
    return StudioError(ErrorCode.PROTOCOL, f"The connection to the machine was lost: {what}.")
