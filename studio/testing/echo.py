"""A peer that speaks the link and computes nothing: the contract suite runs against it in a thread
and as a child process (``python -m studio.testing.echo``). It lies when it is asked to."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

from studio.api.manifest import API_VERSION
from studio.protocol import frames
from studio.protocol.blobs import SharedArea
from studio.protocol.link import Link, LinkClosed, handshake
from studio.protocol.messages import (
    PROTOCOL_VERSION,
    BlobSpec,
    Goodbye,
    Hello,
    Inspect,
    Inspected,
    Message,
    Preview,
    Produced,
    Request,
    Shutdown,
    Submit,
    TextDelta,
)

HELLO = Hello(PROTOCOL_VERSION, API_VERSION, {"echo": "1"})


def serve(link: Link, raw: Callable[[bytes], Any], hello: Hello = HELLO) -> None:
    """Greet, then answer each message until the other side is gone or says ``Shutdown``.

    Args:
        raw: Writes bytes past the link: how a lie is told.
    """
    handshake(link, hello)
    while received := link.receive():
        message = received.message
        if isinstance(message, Shutdown):
            link.send(Goodbye("you asked for it"))
            return
        if isinstance(message, Submit):
            for name, index in message.blobs.items():
                spec = message.specs[name]
                blob = received.blobs[index]
                link.send(Produced(message.job, "echo", ".bin", 0, spec, title=name), [blob])
        elif isinstance(message, Inspect) and message.path in LIES:
            LIES[message.path](link, raw)
        elif isinstance(message, Inspect):
            link.send(Inspected(message.request, {"path": message.path}))
        else:
            link.send(TextDelta("echo", repr(message)))


def _say(message: Message, *blobs: bytes) -> Callable[[Link, Callable[[bytes], Any]], None]:
    return lambda link, raw: link.send(message, blobs)


def _write(data: bytes) -> Callable[[Link, Callable[[bytes], Any]], None]:
    return lambda link, raw: raw(data)


def _shared(name: bytes, length: int) -> bytes:
    body = frames.encode_body(TextDelta("lie", "shared"))
    head = frames.HEADER.pack(frames.MAGIC, len(body), 1)
    return head + frames.ENTRY.pack(frames.SHARED, length, name) + body


LIES: dict[str, Callable[[Link, Callable[[bytes], Any]], None]] = {
    "wrong shape": _say(Preview("lie", 0, BlobSpec("uint8", (2, 2, 3))), bytes(11)),
    "wrong dtype": _say(Preview("lie", 0, BlobSpec("object", (4,))), bytes(4)),
    "negative shape": _say(Preview("lie", 0, BlobSpec("uint8", (-2, -2))), bytes(4)),
    "nine axes": _say(Preview("lie", 0, BlobSpec("uint8", (1,) * 9)), bytes(1)),
    "no such blob": _say(Preview("lie", 3, BlobSpec("uint8", (1,))), bytes(1)),
    "not a message": lambda link, raw: link.send_body(b"\xc1\xc1"),
    "unknown message": lambda link, raw: link.send_body(b"\x81\xa4type\xa4Evil"),
    "deeply nested": lambda link, raw: link.send_body(
        b"\x83\xa4type\xa9Inspected\xa7request\xa1x\xa5facts\x81\xa1a" + b"\x91" * 200_000 + b"\x01"
    ),
    "garbage": _write(b"\x80\x04\x95garbage, as from a stray print\n"),
    "huge body": _write(frames.HEADER.pack(frames.MAGIC, frames.MAX_BODY + 1, 0)),
    "many blobs": _write(frames.HEADER.pack(frames.MAGIC, 1, frames.MAX_BLOBS + 1)),
    "huge blob": _write(
        frames.HEADER.pack(frames.MAGIC, 1, 1)
        + frames.ENTRY.pack(frames.INLINE, frames.MAX_INLINE + 1, bytes(16))
        + b"\xc0"
    ),
    "unknown kind": _write(
        frames.HEADER.pack(frames.MAGIC, 1, 1) + frames.ENTRY.pack(7, 1, bytes(16)) + b"\xc0\0"
    ),
    "missing shared file": _write(_shared(b"\xab" * 16, 300_000)),
}
"""What ``Inspect(path=…)`` makes it say, against the rules."""


def main() -> None:
    """Serve over standard input and output, as a runtime does; stray prints go to the log."""
    reader, writer = io.FileIO(os.dup(0)), io.FileIO(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    print("a stray print at the start")
    link = Link.over(reader, writer, decode=Request, area=SharedArea.join(os.environ))
    try:
        serve(link, writer.write)
    except LinkClosed:
        os.write(1, b"a stray write at the end\n")


if __name__ == "__main__":
    main()
