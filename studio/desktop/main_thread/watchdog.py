"""Finds out what holds the window's thread: for development and tests. Stops nothing."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_log = logging.getLogger("studio.desktop.main_thread.watchdog")
_BEAT_MS = 20


class MainThreadWatchdog(QObject):
    """Looks from another thread whether the event loop goes round; logs the stack if not."""

    def __init__(
        self, limit: float = 0.1, report: Callable[[float, str], None] | None = None
    ) -> None:
        """Watch the calling thread.

        Args:
            limit: Seconds one slot may take.
            report: Takes the seconds so far and the stack; by default they are logged.
        """
        super().__init__()
        self._limit = limit
        self._report = report or _log_it
        self._watched = threading.get_ident()
        self._beat = time.monotonic()
        self._end = threading.Event()
        self._timer = QTimer(self)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._on_beat)
        self._timer.start()
        self._thread = threading.Thread(target=self._look, name="studio-stalls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._timer.stop()
        self._end.set()
        self._thread.join()

    def _on_beat(self) -> None:
        self._beat = time.monotonic()

    def _look(self) -> None:
        told = 0.0
        while not self._end.wait(self._limit / 4):
            beat = self._beat
            late = time.monotonic() - beat
            if late > self._limit + _BEAT_MS / 1000 and beat != told:
                told = beat  # once a stall
                frame = sys._current_frames().get(self._watched)
                self._report(late, "".join(traceback.format_stack(frame)) if frame else "")


def _log_it(seconds: float, stack: str) -> None:
    _log.warning("The window's thread has been held for %.0f ms:\n%s", seconds * 1000, stack)
