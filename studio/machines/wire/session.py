"""A session: parcels both ways over one connection after another, each taken exactly once.

What was sent is kept until the other side has it, and sent again over the next connection. Pieces
of different parcels take turns, so that a heartbeat never waits for a large result.
"""

from __future__ import annotations

import collections
import contextlib
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from studio.machines.wire import packets
from studio.machines.wire.packets import (
    ACK,
    COMPRESSED,
    DATA,
    LAST,
    PING,
    REFUSE,
    RESUME,
    Packet,
    violation,
)
from studio.machines.wire.parcels import Assembler, Parcel, pieces

WINDOW = 8 * 1024**2
"""Bytes that are under way at most, and that a lost connection makes both sides keep."""
QUEUED = 256 * 1024**2
"""Bytes that wait to be sent before whoever sends more has to wait, too."""
MOST_STREAMS = 4096
PING_SECONDS = 5.0
SILENCE_SECONDS = 20.0
"""Whoever says nothing for so long is taken for gone."""
_ACK_EVERY = 8
"""Packets."""


class Wire(Protocol):
    """One connection: two unbuffered files with descriptors, and what breaks both."""

    @property
    def reader(self) -> Any: ...

    @property
    def writer(self) -> Any: ...

    def hang_up(self) -> None:
        """Break it: reading and writing in other threads end. May be called twice."""
        ...


class _Greeting(msgspec.Struct, frozen=True):
    """The first packet: the sender, and its previous peer."""

    me: str
    you: str = ""


_GREETING = msgspec.msgpack.Decoder(_Greeting)


class Gone(Exception):
    """The other side knows nothing of this session any more."""


@dataclass
class _Outgoing:
    """A parcel that is being sent."""

    stream: int
    size: int
    parts: Iterator[bytes]
    ahead: bytes | None = None
    flags: int = COMPRESSED


@dataclass
class _Connection:
    wire: Wire
    again: collections.deque[bytes] = field(default_factory=collections.deque)
    is_over: bool = False


class Session:
    """One end of it. Any thread may send; ``take`` is called on that of the connection.

    Args:
        take: Called with each parcel, in the order of its key.
        folder: Where files that come are put.
    """

    def __init__(self, take: Callable[[Parcel], None], folder: Path) -> None:
        self._take = take
        self._folder = folder
        self._me, self._you = secrets.token_hex(16), ""
        self._turn = threading.Condition()
        self._serving = threading.Lock()
        self._urgent: collections.deque[_Outgoing] = collections.deque()
        self._bulk: dict[str, collections.deque[_Outgoing]] = {}
        self._waiting = 0
        self._streams = 0
        self._sent = self._received = self._told = 0
        self._unacknowledged: collections.deque[tuple[int, bytes]] = collections.deque()
        self._under_way = 0
        self._incoming: dict[int, Assembler] = {}
        self._connection: _Connection | None = None
        self.is_closed = False

    def send(
        self,
        key: str,
        body: bytes,
        blobs: Sequence[Any] = (),
        files: Sequence[Path] = (),
        passing: bool = False,
    ) -> None:
        """Send a parcel behind all others with its ``key``; those without one go first.

        Blocks while too much waits. After ``close`` nothing happens.

        Args:
            passing: Delete the files once they are read.

        Raises:
            OSError: A file is not there.
        """
        sizes = [memoryview(blob).nbytes for blob in blobs]
        size = len(body) + sum(sizes)
        parts = pieces(body, blobs, files, passing)
        ahead = next(parts)  # opens nothing yet, but says that a file is not there
        with self._turn:
            self._turn.wait_for(lambda: self.is_closed or not key or self._waiting < QUEUED)
            if self.is_closed:
                return
            self._streams = (self._streams + 1) % 2**32
            parcel = _Outgoing(self._streams, size, parts, ahead)
            self._waiting += size
            queue = self._bulk.setdefault(key, collections.deque()) if key else self._urgent
            queue.append(parcel)
            self._turn.notify_all()

    def serve(self, wire: Wire) -> None:
        """Speak over a connection until it ends; an earlier one is ended first.

        Raises:
            Gone: The other side knows nothing of the session.
            StudioError: ``PROTOCOL``: it breaks the rules.
        """
        with self._turn:
            if self._connection is not None:
                self._connection.wire.hang_up()
        with self._serving:
            connection = _Connection(wire)
            writer = threading.Thread(
                target=self._write, args=(connection,), name="studio-machine-out", daemon=True
            )
            try:
                self._greet(connection)
                writer.start()
                while True:
                    self._hear(connection)
            except (EOFError, OSError, ValueError):
                pass
            finally:
                with self._turn:
                    connection.is_over, self._connection = True, None
                    self._turn.notify_all()
                wire.hang_up()
                if writer.ident:
                    writer.join()

    def drained(self, timeout: float) -> bool:
        """Wait until the other side has all that was sent; return whether it has."""
        with self._turn:
            return self._turn.wait_for(self._is_drained, timeout)

    def close(self) -> None:
        """End it: nothing more is sent, and the connection breaks."""
        with self._turn:
            self.is_closed = True
            for assembler in self._incoming.values():
                assembler.drop()
            if self._connection is not None:
                self._connection.wire.hang_up()
            self._turn.notify_all()

    # --- one connection -----------------------------------------------------------------------

    def _greet(self, connection: _Connection) -> None:
        greeting = msgspec.msgpack.encode(_Greeting(self._me, self._you))
        first = Packet(RESUME, number=self._received, payload=greeting)
        _write_all(connection.wire.writer, packets.encode(first)[0])
        theirs = _heard(connection.wire.reader)
        if theirs.kind == REFUSE:
            raise Gone
        if theirs.kind != RESUME:
            raise violation("its greeting is missing")
        try:
            decoded = _GREETING.decode(theirs.payload)
        except msgspec.MsgspecError as error:
            raise violation("its greeting is invalid") from error
        if (decoded.you and decoded.you != self._me) or (self._you and decoded.me != self._you):
            with contextlib.suppress(OSError):  # it may have found out by itself, and be gone
                _write_all(connection.wire.writer, packets.encode(Packet(REFUSE))[0])
            raise Gone
        with self._turn:
            self._you = decoded.me
            self._acknowledge(theirs.number)
            connection.again.extend(data for _, data in self._unacknowledged)
            self._told = self._received
            self._connection = connection
            if self.is_closed:
                raise EOFError

    def _hear(self, connection: _Connection) -> None:
        packet = _heard(connection.wire.reader)
        if packet.kind == ACK:
            with self._turn:
                self._acknowledge(packet.number)
                self._turn.notify_all()
        elif packet.kind == DATA:
            self._piece(packet)
        elif packet.kind == REFUSE:
            raise Gone

    def _piece(self, packet: Packet) -> None:
        if packet.number <= self._received:
            return  # it came over the connection before
        if packet.number != self._received + 1:
            raise violation("a piece is missing")
        assembler = self._incoming.get(packet.stream)
        if assembler is None:
            if len(self._incoming) >= MOST_STREAMS:
                raise violation("too many messages have begun")
            assembler = self._incoming[packet.stream] = Assembler(self._folder)
        assembler.feed(packet.payload)
        is_last = bool(packet.flags & LAST)
        if is_last:
            del self._incoming[packet.stream]
            self._take(assembler.finish())
        with self._turn:
            self._received = packet.number
            if is_last or self._received - self._told >= _ACK_EVERY:
                self._turn.notify_all()

    def _write(self, connection: _Connection) -> None:
        try:
            while (data := self._next(connection)) is not None:
                _write_all(connection.wire.writer, data)
        except (OSError, ValueError):  # the reader sees the end
            connection.wire.hang_up()

    def _next(self, connection: _Connection) -> bytes | None:
        """Return what goes next; None when the connection is over."""
        until = time.monotonic() + PING_SECONDS
        with self._turn:
            while not connection.is_over:
                if connection.again:
                    return connection.again.popleft()
                if self._received > self._told:
                    self._told = self._received
                    return packets.encode(Packet(ACK, number=self._received))[0]
                if self._under_way < WINDOW and (queue := self._queue()):
                    return self._packet(queue)
                left = until - time.monotonic()
                if left <= 0:
                    return packets.encode(Packet(PING))[0]
                self._turn.wait(left)
        return None

    # --- what waits, and what is under way ----------------------------------------------------

    def _queue(self) -> collections.deque[_Outgoing] | None:
        """Return the queue whose turn it is; the keys take turns."""
        if self._urgent:
            return self._urgent
        for key in list(self._bulk):
            queue = self._bulk.pop(key)
            if queue:
                self._bulk[key] = queue  # behind the others
                return queue
        return None

    def _packet(self, queue: collections.deque[_Outgoing]) -> bytes:
        parcel = queue[0]
        payload, parcel.ahead = parcel.ahead or b"", None
        try:
            parcel.ahead = next(parcel.parts, None)
        except OSError:  # a file that cannot be read on; the other side counts its bytes
            parcel.ahead = None
        flags = parcel.flags
        if parcel.ahead is None:
            queue.popleft()
            flags |= LAST
            self._waiting -= parcel.size
            self._turn.notify_all()
        self._sent += 1
        data, pays = packets.encode(Packet(DATA, flags, self._sent, parcel.stream, payload))
        if not pays:
            parcel.flags = 0
        self._unacknowledged.append((self._sent, data))
        self._under_way += len(data)
        return data

    def _acknowledge(self, number: int) -> None:
        if number > self._sent:
            raise violation("it has received what was not sent")
        while self._unacknowledged and self._unacknowledged[0][0] <= number:
            self._under_way -= len(self._unacknowledged.popleft()[1])

    def _is_drained(self) -> bool:
        waits = self._urgent or any(self._bulk.values()) or self._unacknowledged
        return self.is_closed or not waits


def _heard(reader: Any) -> Packet:
    if not select.select([reader], [], [], SILENCE_SECONDS)[0]:
        raise EOFError
    return packets.read(reader)


def _write_all(writer: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[writer.write(view) or 0 :]


@dataclass
class Pipes:
    """A connection over two descriptors, which it owns.

    Args:
        end: What makes reading and writing in other threads end.
    """

    reader: Any
    writer: Any
    end: Callable[[], None] = lambda: None

    @classmethod
    def over(cls, read: int, write: int, end: Callable[[], None] = lambda: None) -> Pipes:
        """Return the connection over two descriptors."""
        return cls(os.fdopen(read, "rb", 0), os.fdopen(write, "wb", 0), end)

    def hang_up(self) -> None:
        """Break it."""
        self.end()
