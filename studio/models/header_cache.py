"""Cached headers of weights, so that a page need not wait for the runtime.

Only for display until they are read again: decides nothing, and may be lost.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from studio.base import disk
from studio.models.weights import Weights
from studio.protocol.messages import Inspected
from studio.protocol.regular_file import read_regular

_MAX_BYTES = 8 << 20


class HeaderCache:
    """A file of answers, each by where the weights lie and how large they are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, Inspected] = {}

    def load(self) -> None:
        """Read the file, beside the window; one that is not whole counts as none."""
        try:
            if self._path.stat().st_size <= _MAX_BYTES:
                headers = msgspec.msgpack.decode(
                    read_regular(self._path), type=dict[str, Inspected]
                )
                self._known = headers | self._known
        except (OSError, msgspec.MsgspecError):
            return  # there is none yet, or it is of another version

    def get(self, row: Weights) -> Inspected | None:
        """Return what these weights said last time."""
        return self._known.get(_key(row))

    def put(self, row: Weights, answer: Inspected) -> None:
        """Store their current header; unusable answers are not cached."""
        if answer.error is None:
            self._known[_key(row)] = answer
        else:
            self._known.pop(_key(row), None)

    def save(self) -> None:
        """Write the file, beside the window; where it cannot be, they are read again next time."""
        with self._lock:
            data = msgspec.msgpack.encode(dict(self._known))
            try:
                disk.make_folder(self._path.parent)
                disk.write_durably(self._path, data)
            except OSError:
                return


def _key(row: Weights) -> str:
    return f"{row.path}\n{row.bytes}"
