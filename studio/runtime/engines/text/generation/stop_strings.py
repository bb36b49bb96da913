"""Finds stop strings in text that comes in pieces, holding back what may become one."""

from __future__ import annotations

from collections.abc import Iterable


class StopScanner:
    """Lets text through until a stop string has come.

    Attributes:
        stopped: Whether one has; nothing comes out after it.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        """Watch for ``stops``; empty ones are ignored."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """Take more text; return what can no longer be part of a stop string."""
        if self.stopped:
            return ""
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            ready, self._held = self._held[: min(places)], ""
            return ready
        border = len(self._held) - max((self._overlap(stop) for stop in self._stops), default=0)
        ready, self._held = self._held[:border], self._held[border:]
        return ready

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        ready, self._held = self._held, ""
        return ready

    def _overlap(self, stop: str) -> int:
        """Return the length of the longest end of the held text that begins ``stop``."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)
