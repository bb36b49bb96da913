"""Measure the first minutes of a fresh window: its page, rest, a typed question, the answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psutil
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from studio.desktop.window.shell import MainWindow
    from studio.jobs.job import Job
    from studio.studio import Studio

_QUESTION = "What is the capital of France?"
_BEAT_MS = 1
_PATIENCE = 120.0
"""Seconds for one step; then the window ends without figures."""


class FirstMinutes(QObject):
    """Type a question into the first page, print times and memory as JSON, and end.

    Args:
        window: Just painted for the first time.
        studio: The open studio; None until it is.
        end: Closes the window.
        idle_seconds: Rest before the first letter.
        key_seconds: Between two letters; 0 has them all at once.
    """

    def __init__(
        self,
        window: MainWindow,
        studio: Callable[[], Studio | None],
        end: Callable[[], None],
        idle_seconds: float,
        key_seconds: float,
    ) -> None:
        super().__init__(window)
        self._window, self._studio, self._end = window, studio, end
        self._idle_seconds, self._key_seconds = idle_seconds, key_seconds
        self._painted, self._page = time.monotonic(), 0.0
        self._jobs: dict[str, Job] = {}
        self._first_word = 0.0
        window.pages.opened.connect(self._on_page)
        self._steps = self._measure()
        self._wait_for(next(self._steps))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)
        self._timer.start(_BEAT_MS)

    def _measure(self) -> Iterator[Callable[[], bool]]:
        """Yield the conditions between the steps."""
        yield lambda: bool(self._page) and self._studio() is not None
        studio = self._studio()
        assert studio is not None
        yield _passed(self._idle_seconds)
        idle = _megabytes()
        unwatch = studio.jobs.on_change(self._on_job)
        for letter in _QUESTION:
            self._press(letter)
            yield _passed(self._key_seconds)
        sent = time.monotonic()
        self._press("\r", Qt.Key.Key_Return)
        yield lambda: bool(self._first_word)
        yield lambda: not studio.jobs.live()
        unwatch()
        status = studio.runtime.status
        for loaded in status.loaded if status else ():
            studio.models.unload(loaded.weights)
        yield lambda: not (studio.runtime.status and studio.runtime.status.loaded)
        figures = {
            "page_seconds": self._page - self._painted,
            "answer_seconds": self._first_word - sent,
            "idle_mb": idle,
            "used_mb": _megabytes(),
        }
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()

    def _go_on(self) -> None:
        if self._condition():
            if (condition := next(self._steps, None)) is None:
                self._stop()
                return
            self._wait_for(condition)
        if time.monotonic() > self._deadline:
            sys.stderr.write(f"No progress for {_PATIENCE:.0f} seconds.\n")
            self._stop()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        self._condition, self._deadline = condition, time.monotonic() + _PATIENCE

    def _stop(self) -> None:
        self._timer.stop()
        self._end()

    def _on_page(self, page: str) -> None:
        self._page = self._page or time.monotonic()

    def _on_job(self, job: Job) -> None:
        if job.id not in self._jobs:
            self._jobs[job.id] = job
            job.on_text(self._on_text)

    def _on_text(self, text: str, tokens: int, channel: str) -> None:
        self._first_word = self._first_word or time.monotonic()

    def _press(self, text: str, key: int = 0) -> None:
        receiver = self._window.focusWidget()
        if receiver is not None:
            event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text)
            QApplication.sendEvent(receiver, event)


def _passed(seconds: float) -> Callable[[], bool]:
    due = time.monotonic() + seconds
    return lambda: time.monotonic() >= due


def _megabytes() -> float:
    """Return the memory of the window and its children; pages that are shared count in part."""
    window = psutil.Process()
    family = (window, *window.children(recursive=True))
    return sum(process.memory_full_info().pss for process in family) / 1e6
