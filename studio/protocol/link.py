"""The link: typed messages over two byte streams, the same between processes and inside one.

No port, no address, no pickle. Whoever breaks the rules gets a ``PROTOCOL`` error or a closed link.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from studio.protocol import blobs as blob_rules
from studio.protocol import frames
from studio.protocol.blobs import SharedArea
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import (
    Call,
    Goodbye,
    Hello,
    Message,
    Preview,
    Produced,
    Report,
    Request,
    Submit,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer


class LinkClosed(Exception):
    """The other side is gone, or this side hung up."""


class ByteReader(frames.Stream, Protocol):
    """An unbuffered binary file that reads, or a stand-in."""

    def close(self) -> None: ...


class ByteWriter(Protocol):
    """An unbuffered binary file that writes, or a stand-in."""

    def write(self, data: Any, /) -> int | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Received:
    """A message and the blobs that came with it, all checked."""

    message: Any
    blobs: tuple[memoryview, ...] = ()


class Link:
    """One end of the link. Any thread may ``send``; one at a time may ``receive``."""

    def __init__(
        self, reader: ByteReader, writer: ByteWriter, decode: Any, area: SharedArea | None = None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = msgspec.msgpack.Decoder(decode)
        self._area = area
        self._sending = threading.Lock()
        self._receiving = threading.Lock()
        self._silent = threading.Event()
        self._deaf = threading.Event()

    @classmethod
    def over(
        cls, reader: ByteReader, writer: ByteWriter, *, decode: Any, area: SharedArea | None = None
    ) -> Link:
        """Return the link over two *unbuffered* binary files.

        Args:
            decode: What the other side may say: ``Report`` to us, ``Request`` to the runtime.
            area: Where large blobs pass through; None sends all of them through the pipe.
        """
        return cls(reader, writer, decode, area)

    def send(self, message: Message, blobs: Sequence[Buffer] = ()) -> None:
        """Send a message; blocks while the pipe is full.

        Raises:
            LinkClosed: Nobody listens any more.
            StudioError: ``BAD_INPUT``: the message is too large; nothing was sent.
        """
        self.send_body(frames.encode_body(message), blobs)

    def send_body(self, body: bytes, blobs: Sequence[Buffer] = ()) -> None:
        """Send a message that ``frames.encode_body`` has encoded."""
        parts = frames.encode(body, blobs, self._area)
        with self._sending:
            if self._silent.is_set():
                raise LinkClosed("the connection was closed")
            try:
                for part in parts:
                    _write_all(self._writer, part)
            except (OSError, ValueError) as error:
                raise LinkClosed("the other process has ended") from error
        if self._silent.is_set():
            self._close_idle(self._sending, self._writer)

    def receive(self, timeout: float | None = None) -> Received | None:
        """Return the next message; None if none began within ``timeout`` seconds.

        Raises:
            LinkClosed: The other side is gone, or this side hung up.
            StudioError: ``PROTOCOL``: what came breaks the rules. Broken framing also closes the
                link, for the next frame could not be found; a broken message alone does not.
        """
        try:
            with self._receiving:
                frame = self._next_frame(timeout)
        finally:
            if self._deaf.is_set():
                self._close_idle(self._receiving, self._reader)
        return None if frame is None else self._decode(frame)

    def finish(self) -> None:
        """Say no more, yet hear the other side out; it learns by end of file."""
        self._silent.set()
        self._close_idle(self._sending, self._writer)

    def close(self) -> None:
        """Hang up. A ``receive`` of another thread ends once the other side hangs up too."""
        self.finish()
        self._deaf.set()
        self._close_idle(self._receiving, self._reader)

    def _close_idle(self, use: threading.Lock, file: ByteReader | ByteWriter) -> None:
        """Close ``file`` unless a thread uses it now; that one does so when it is done.

        A descriptor closed under its user could name the next file opened.
        """
        if use.acquire(blocking=False):
            try:
                file.close()
            except OSError:  # the other side is gone already
                pass
            finally:
                use.release()

    def _next_frame(self, timeout: float | None) -> frames.Frame | None:
        if self._deaf.is_set():
            raise LinkClosed("the connection was closed")
        try:
            if timeout is not None and not _wait(self._reader, timeout):
                return None
            return frames.read_frame(self._reader, self._area)
        except EOFError as end:
            raise LinkClosed(f"the other process has ended {end}".strip()) from end
        except (OSError, ValueError) as error:
            raise LinkClosed("the other process has ended") from error
        except MemoryError as error:
            self.close()
            raise _violation("a message does not fit into the remaining memory") from error
        except StudioError:
            self.close()
            raise

    def _decode(self, frame: frames.Frame) -> Received:
        try:
            message = self._decoder.decode(frame.body)
        except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError) as error:
            raise _violation(f"a message is invalid ({error})") from error
        _check_blobs(message, frame.blobs)
        return Received(message, frame.blobs)


def pair() -> tuple[Link, Link]:
    """Return (studio's end, runtime's end) of a link in one process: same bytes, same checks."""
    there, back = _MemoryPipe(), _MemoryPipe()
    return Link.over(back, there, decode=Report), Link.over(there, back, decode=Request)


def handshake(link: Link, mine: Hello, timeout: float | None = None) -> Hello:
    """Say ``mine``, hear theirs, and refuse what cannot work together; both sides learn why.

    Raises:
        StudioError: ``PROTOCOL``: other protocol, other API major version, or no greeting.
        LinkClosed: The other side is gone.
    """
    link.send(mine)
    received = link.receive(timeout)
    if received is None:
        raise _violation(f"the other process did not respond for {timeout:g} seconds")
    theirs = received.message
    if isinstance(theirs, Goodbye):
        raise StudioError(ErrorCode.PROTOCOL, theirs.reason or "The connection was refused.")
    if not isinstance(theirs, Hello):
        raise _violation("the handshake is missing")
    if reason := _mismatch(mine, theirs):
        with contextlib.suppress(LinkClosed):
            link.send(Goodbye(reason))
        cure = "Reinstall Offline Studio, then start it again."
        raise StudioError(ErrorCode.PROTOCOL, reason, cure)
    return theirs


def take_pipes() -> tuple[io.FileIO, io.FileIO]:
    """Keep standard input and output of a child for its link, unbuffered.

    All others get an empty input, and the log as their output.
    """
    if sys.platform == "win32":
        import msvcrt

        for stream in (0, 1):
            msvcrt.setmode(stream, os.O_BINARY)
    reader, writer = io.FileIO(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return reader, writer


def _mismatch(mine: Hello, theirs: Hello) -> str:
    if mine.protocol != theirs.protocol:
        return (
            f"Two versions of Offline Studio are mixed: one uses link protocol {mine.protocol}, "
            f"the other {theirs.protocol}."
        )
    if mine.api.split(".")[0] != theirs.api.split(".")[0]:
        return (
            f"Two versions of Offline Studio are mixed: one has plugin API {mine.api[:20]}, the "
            f"other {theirs.api[:20]}."
        )
    return ""


def _check_blobs(message: Any, blobs: tuple[memoryview, ...]) -> None:
    """Check that every blob of a message is present and matches its spec."""
    if isinstance(message, Preview) or (isinstance(message, Produced) and not message.file):
        blob_rules.check(message.spec, _named(blobs, message.blob))
    if isinstance(message, Produced) and message.preview != -1:
        _named(blobs, message.preview)
    elif isinstance(message, Submit | Call):
        for name, index in message.blobs.items():
            blob = _named(blobs, index)
            if name in message.specs:
                blob_rules.check(message.specs[name], blob)


def _named(blobs: tuple[memoryview, ...], index: int) -> memoryview:
    if not 0 <= index < len(blobs):
        raise _violation("a message refers to a missing blob")
    return blobs[index]


def _write_all(writer: ByteWriter, data: Buffer) -> None:
    rest = blob_rules.flat(data)
    while rest:
        rest = rest[writer.write(rest) or 0 :]


def _wait(reader: Any, timeout: float) -> bool:
    """Whether ``reader`` has something to say (or has ended) within ``timeout`` seconds."""
    if isinstance(reader, _MemoryPipe):
        return reader.wait(timeout)
    if sys.platform == "win32":
        return _wait_windows(reader, timeout)
    return bool(select.select([reader], [], [], timeout)[0])


def _wait_windows(reader: Any, timeout: float) -> bool:
    # select() takes only sockets there; not tried on a real Windows machine yet.
    import _winapi
    import msvcrt

    handle = msvcrt.get_osfhandle(reader.fileno())  # type: ignore[attr-defined]
    deadline = time.monotonic() + timeout
    while True:
        try:
            if _winapi.PeekNamedPipe(handle, 0)[0]:  # type: ignore[attr-defined]
                return True
        except OSError:  # broken pipe: reading will say so
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.005)


class _MemoryPipe:
    """A pipe inside one process that never fills up, so that one thread may hold both ends."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._closed = False
        self._changed = threading.Condition()

    def readinto(self, buffer: Any) -> int:
        """Fill some of ``buffer``; blocks while nothing is there; 0 at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._data or self._closed)
            count = min(len(buffer), len(self._data))
            buffer[:count] = self._data[:count]
            del self._data[:count]
            return count

    def write(self, data: Any) -> int:
        """Append ``data``; ``BrokenPipeError`` once an end was closed."""
        with self._changed:
            if self._closed:
                raise BrokenPipeError
            self._data += data
            self._changed.notify_all()
        return len(data)

    def wait(self, timeout: float) -> bool:
        """Whether there is something to read, or the end, within ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._data) or self._closed, timeout)

    def close(self) -> None:
        """Close both ends."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _violation(what: str) -> StudioError:
    return StudioError(ErrorCode.PROTOCOL, f"The connection to the runtime was lost: {what}.")
