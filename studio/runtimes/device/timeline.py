"""The last hour of all runtimes: what each was and did, and where that is drawn. Only reads.

A runtime tells of itself by message, and leaves a snapshot on disk every few seconds: that of one
that has ended, or belongs to another window, is read from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from studio.protocol.messages import Status
from studio.protocol.regular_file import read_regular
from studio.protocol.trace import FOLDER, Snapshot, Span

HOUR = 3600.0
_LARGEST = 8 * 1024**2
"""Bytes of a snapshot that is still believed to be ours."""

TRACKS = ("interactive", "batch", "waiting", "memory")
"""What a timeline shows below each other; a track has as many rows as things happened at once."""
TITLES = {
    "interactive": "Interactive",
    "batch": "Background",
    "waiting": "Waiting",
    "memory": "Memory",
}


@dataclass(frozen=True)
class RuntimeSeen:
    """One runtime of this machine, alive or not.

    Attributes:
        at, started: Seconds since the epoch; what is told is as of ``at``.
        is_alive: Whether its process runs.
        status: Its last heartbeat.
    """

    pid: int
    started: float
    at: float
    is_alive: bool
    status: Status
    spans: tuple[Span, ...]

    @property
    def name(self) -> str:
        """The name in a timeline."""
        ended = "" if self.is_alive else ", ended"
        return f"Runtime {self.pid}{ended}"


@dataclass(frozen=True)
class Placed:
    """A span and where it is drawn: in which row of its track, from 0."""

    span: Span
    row: int


def read(cache: Path) -> list[RuntimeSeen]:
    """Return the runtimes of the last hour that left something in ``cache``, oldest first.

    Files that cannot be read, or are none of ours, are left out.
    """
    seen = []
    for file in (cache / FOLDER).glob("*.msgpack"):
        try:
            if file.stat().st_size > _LARGEST:
                continue
            snapshot = msgspec.msgpack.decode(read_regular(file), type=Snapshot)
            status = msgspec.msgpack.decode(snapshot.status, type=Status)
        except (OSError, msgspec.MsgspecError):
            continue
        if snapshot.at >= time.time() - HOUR or _is_alive(snapshot):
            seen.append(
                RuntimeSeen(
                    snapshot.pid,
                    snapshot.started,
                    snapshot.at,
                    _is_alive(snapshot),
                    status,
                    recent(snapshot.spans),
                )
            )
    return sorted(seen, key=lambda runtime: runtime.started)


def recent(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return what ended in the last hour."""
    oldest = time.time() - HOUR
    return tuple(span for span in spans if span.ended >= oldest)


def track(span: Span) -> str:
    """Return in which of ``TRACKS`` a span belongs."""
    if span.what in ("waiting", "paused"):
        return "waiting"
    return span.lane if span.lane in TRACKS else "memory"


def place(spans: Iterable[Span]) -> dict[str, list[Placed]]:
    """Return what each track shows: nothing of a row overlaps, and rows are as few as can be."""
    placed: dict[str, list[Placed]] = {name: [] for name in TRACKS}
    ends: dict[str, list[float]] = {name: [] for name in TRACKS}
    drawn = (span for span in spans if span.what != "measured")
    for span in sorted(drawn, key=lambda span: span.began):
        name = track(span)
        rows = ends[name]
        free = next((row for row, end in enumerate(rows) if end <= span.began), len(rows))
        rows[free:] = [span.ended, *rows[free + 1 :]]
        placed[name].append(Placed(span, free))
    return placed


def _is_alive(snapshot: Snapshot) -> bool:
    """Whether its process still runs: one with the same number that began later is another."""
    try:
        return bool(psutil.Process(snapshot.pid).create_time() <= snapshot.started + 1.0)
    except psutil.Error:
        return False
