"""Messages from inside the sandbox: a letter, a length, bytes. Reads what nobody vouches for."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

WALLED, FAILED, ENDED, NAME, CONTENT, REFUSED, DONE = b"W", b"E", b"X", b"N", b"C", b"R", b"Z"
LARGEST = 1 << 20
_HEAD = struct.Struct("<cI")


class Writer:
    """Writes frames into a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Send one frame; bytes larger than a frame go as several."""
        for start in range(0, max(1, len(payload)), LARGEST):
            piece = payload[start : start + LARGEST]
            self._write(_HEAD.pack(kind, len(piece)) + piece)

    def send_json(self, kind: bytes, **values: Any) -> None:
        """Send plain data."""
        self.send(kind, json.dumps(values).encode())

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class Reader:
    """Cuts bytes into frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Take in bytes; yield the frames that are whole.

        Raises:
            ValueError: No writer of ours has sent this.
        """
        self._held += data
        while len(self._held) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._held)
            if length > LARGEST:
                raise ValueError("a frame is too large")
            end = _HEAD.size + length
            if len(self._held) < end:
                return
            payload = bytes(self._held[_HEAD.size : end])
            del self._held[:end]
            yield kind, payload
