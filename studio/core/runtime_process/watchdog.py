"""Whether the runtime gets on with its work. Watches steps, not signs of life; ends nothing."""

from __future__ import annotations

from studio.protocol.messages import Status

PATIENCE = 5.0
"""A step may take so many times the longest one of late."""
SHORTEST = 15.0
"""Never complain before so many seconds."""
FIRST_STEP = 120.0
"""Before any step was seen: loading large weights from a slow disk takes its time."""
SILENCE = 15.0
"""The heartbeat comes each second from beside the work: silence means the whole process hangs."""


class ProgressWatchdog:
    """Judges the stream of ``Status`` messages."""

    def __init__(self) -> None:
        self._heard: float | None = None
        self._moved = 0.0
        self._step = 0
        self._busy = False
        self._usual: float | None = None
        """Longest step of late, in seconds; None before any was seen."""

    def take(self, status: Status, now: float) -> None:
        """Note a heartbeat heard at ``now``."""
        busy = bool(status.running)
        moved = status.step != self._step
        if moved and busy and self._busy:
            took = now - self._moved
            # Rises at once and falls slowly: a long step now and then is usual too.
            self._usual = max(took, 0.9 * (self._usual or 0.0))
        if moved or not (busy and self._busy):
            self._moved = now
        self._heard, self._busy, self._step = now, busy, status.step

    def complaint(self, now: float) -> str:
        """Return what is wrong at ``now``, as part of a sentence; empty if nothing is."""
        if self._heard is None:
            return ""
        silent = now - self._heard
        if silent > SILENCE:
            return f"it has not responded for {silent:.0f} seconds"
        limit = FIRST_STEP if self._usual is None else max(SHORTEST, PATIENCE * self._usual)
        stuck = now - self._moved
        if self._busy and stuck > limit:
            return f"the current step has taken {stuck:.0f} seconds"
        return ""
