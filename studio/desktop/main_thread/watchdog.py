"""Finds out what holds the window's thread. Stops nothing."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_log = logging.getLogger("studio.desktop.main_thread.watchdog")
_BEATS = 5
"""The loop is expected so many times within the limit."""


class MainThreadWatchdog(QObject):
    """Looks from another thread whether the event loop goes round; logs the stack if not."""

    def __init__(
        self,
        limit: float = 0.1,
        report: Callable[[float, traceback.StackSummary], None] | None = None,
    ) -> None:
        """Watch the calling thread.

        Args:
            limit: Seconds one slot may take.
            report: Takes the seconds so far and the stack, outermost frame first, on a thread of
                the watchdog; by default they are logged.
        """
        super().__init__()
        self._limit = limit
        self._beat_ms = int(limit * 1000 / _BEATS)
        self._report = report or _log_it
        self._watched = threading.get_ident()
        self._beat = time.monotonic()
        self._end = threading.Event()
        self._timer = QTimer(self)
        self._timer.setInterval(self._beat_ms)
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
            if late > self._limit + self._beat_ms / 1000 and beat != told:
                told = beat  # once a stall
                frame = sys._current_frames().get(self._watched)
                if frame is not None:
                    self._report(late, traceback.extract_stack(frame))


def _log_it(seconds: float, stack: traceback.StackSummary) -> None:
    told = "".join(stack.format())
    _log.warning("The window's thread has been held for %.0f ms:\n%s", seconds * 1000, told)
