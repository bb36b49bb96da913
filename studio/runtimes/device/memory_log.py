"""The memory log: loads, evictions and waits with their reasons. Bounded; decides nothing.

Kept on disk, so that the command line can show what the window's runtime did.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.base.disk import as_size
from studio.protocol.messages import PoolEvent
from studio.protocol.regular_file import open_regular

KEPT = 500
"""Events that are remembered; the file holds at most twice as many."""
LONGEST = 4_000
"""Bytes of a line of the file that is still believed to be ours."""


class MemoryEntry(msgspec.Struct, frozen=True):
    """One event, and when it was heard of, in seconds since the epoch."""

    at: float
    event: PoolEvent


class MemoryLog:
    """The latest events, oldest first, over all runs of the studio that share ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: deque[MemoryEntry] | None = None
        self._lines = 0
        self._observers: list[Callable[[MemoryEntry], None]] = []

    def entries(self) -> list[MemoryEntry]:
        """Return the logged entries."""
        return list(self._read())

    def add(self, event: PoolEvent) -> MemoryEntry:
        """Remember ``event``, and tell who listens."""
        entry = MemoryEntry(time.time(), event)
        self._read().append(entry)
        with contextlib.suppress(OSError):  # a log: what is on the screen is worth more than it
            self._write(entry)
        for call in list(self._observers):
            call(entry)
        return entry

    def on_entry(self, call: Callable[[MemoryEntry], None]) -> Callable[[], None]:
        """Call with each new entry; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def _read(self) -> deque[MemoryEntry]:
        if self._entries is None:
            self._entries = deque(maxlen=KEPT)
            with contextlib.suppress(OSError), open_regular(self._path) as file:
                while line := file.readline(LONGEST):
                    self._lines += 1
                    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                        self._entries.append(msgspec.json.decode(line, type=MemoryEntry))
        return self._entries

    def _write(self, entry: MemoryEntry) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lines < 2 * KEPT:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(entry) + b"\n")
            self._lines += 1
            return
        part = self._path.with_suffix(".part")
        part.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in self._read()))
        os.replace(part, self._path)
        self._lines = len(self._read())


def in_words(event: PoolEvent, title: str = "") -> str:
    """Return an event as people read it: ``Flux had to make room, 9.0 GB: SmolLM2 needs 1.2 GB``.

    Args:
        title: What a person calls the weights; by default their id.
    """
    name = title or event.weights
    phrases = {
        "loaded": f"{name} was loaded",
        "evicted": f"{name} was unloaded to make room",
        "parked": f"{name} was moved to system memory",
        "unloaded": f"{name} was unloaded",
        "waiting": f"A job is waiting for memory for {name}",
        "reduced": f"{name} now uses less memory",
    }.get(event.what, f"{name}: {event.what}")
    size = f", {as_size(event.bytes)}" if event.bytes else ""
    time_taken = f" in {event.seconds:.1f} s" if event.what == "loaded" and event.seconds else ""
    return f"{phrases}{time_taken}{size}" + (f": {event.why}" if event.why else "")
