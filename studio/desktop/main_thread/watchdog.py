"""Detects code that blocks the main thread, and interrupts it on request."""

from __future__ import annotations

import ctypes
import logging
import math
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
        longest: float = math.inf,
        interrupt: Callable[[traceback.StackSummary], type[BaseException] | None] | None = None,
    ) -> None:
        """Watch the calling thread.

        Args:
            limit: Seconds one slot may take.
            report: Takes the seconds so far and the stack, outermost frame first, on a thread of
                the watchdog; by default they are logged.
            longest: Seconds after which ``interrupt`` is asked, once, on that thread too.
            interrupt: Returns the exception to raise in what holds the window; None to wait on. It
                comes at the next instruction of Python: a call that never returns it cannot end.
        """
        super().__init__()
        self._limit = limit
        self._beat_ms = int(limit * 1000 / _BEATS)
        self._report = report or _log_it
        self._longest, self._interrupt = longest, interrupt
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
        reported = ended = 0.0
        while not self._end.wait(self._limit / 4):
            beat = self._beat
            late = time.monotonic() - beat
            if late > self._limit + self._beat_ms / 1000 and beat != reported:
                reported = beat  # once a stall
                if stack := self._stack():
                    self._report(late, stack)
            if late > self._longest and beat != ended and self._interrupt is not None:
                ended = beat
                stack = self._stack()
                exception = self._interrupt(stack) if stack else None
                if exception is not None and self._beat == beat:  # it may have ended just now
                    _raise_in(self._watched, exception)

    def _stack(self) -> traceback.StackSummary | None:
        frame = sys._current_frames().get(self._watched)
        return traceback.extract_stack(frame) if frame is not None else None


def _raise_in(thread: int, exception: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(exception))


def _log_it(seconds: float, stack: traceback.StackSummary) -> None:
    trace = "".join(stack.format())
    _log.warning("The window's thread has been held for %.0f ms:\n%s", seconds * 1000, trace)
