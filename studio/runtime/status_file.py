"""Leaves on disk what the runtime does, for other programs and for after its death. Only writes."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.protocol.messages import Status
from studio.protocol.trace import FOLDER, Snapshot, Span

log = logging.getLogger(__name__)

APART = 5.0
"""Seconds between two writings at least."""
KEPT_SECONDS = 3600.0
"""Files of runtimes that ended longer ago are removed."""


class StatusFile:
    """The file of this runtime in ``cache``; without a cache nothing is written."""

    def __init__(self, cache: Path | None) -> None:
        self._file = cache / FOLDER / f"{os.getpid()}.msgpack" if cache else None
        self._started = time.time()
        self._next = 0.0
        self._step = -1
        self._complained = False
        if self._file is not None:
            _remove_old(self._file.parent)

    def offer(
        self, status: Status, spans: Callable[[], tuple[Span, ...]], last: bool = False
    ) -> None:
        """Write ``status`` and the trace if it is time to; ``last``: in any case."""
        now = time.time()
        is_due = now >= self._next or last
        is_news = status.step != self._step or now >= self._next + 60.0 or last
        # One that never made a step has nothing to tell.
        if self._file is None or not status.step or not (is_due and is_news):
            return
        self._next, self._step = now + APART, status.step
        encoded = msgspec.msgpack.encode(status)
        snapshot = Snapshot(os.getpid(), self._started, now, encoded, spans())
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_bytes(msgspec.msgpack.encode(snapshot))
            os.replace(part, self._file)
        except OSError as error:  # what others may see is worth less than the work itself
            if not self._complained:
                log.warning("no snapshot could be written: %s", error)
            self._complained = True


def _remove_old(folder: Path) -> None:
    for file in folder.glob("*.*"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < time.time() - KEPT_SECONDS:
                file.unlink()
