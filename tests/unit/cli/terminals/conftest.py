"""A studio that is open beside the commands."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.studio import Studio
from studio.terminals import Terminals
from studio.testing.guards import PATIENCE
from studio.testing.scripted import ScriptedRuntime

Command = Callable[..., tuple[int, str, str]]


class Window:
    """A studio that is open, with an event loop of its own, as a window has one."""

    def __init__(self, home: Path) -> None:
        self.runtime = ScriptedRuntime()
        self.home = home
        self.studio: Studio
        self.jobs: list[Any] = []
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def _run(self) -> None:
        self.studio = studio = Studio.open(home=self.home, launch=self.runtime.launch)
        submit = studio.submit
        studio.submit = lambda request: self.jobs.append(submit(request)) or self.jobs[-1]  # type: ignore[method-assign]
        terminals = Terminals(studio)
        self._ready.set()
        while not self._over.is_set():
            studio.pump(0.02)
        terminals.close()
        studio.close()

    def do(self, call: Callable[[], None]) -> None:
        """Call something on its thread."""
        done = threading.Event()
        self.studio.post(lambda: (call(), done.set()))  # type: ignore[arg-type] # returns nothing
        assert done.wait(PATIENCE)

    def close(self) -> None:
        self._over.set()
        self._thread.join(PATIENCE)


def pressed_once(ready: Callable[[], bool]) -> threading.Thread:
    """Press Ctrl+C once something is so and the command hears it; returns the thread that waits."""
    before = signal.getsignal(signal.SIGINT)

    def press() -> None:
        until(lambda: signal.getsignal(signal.SIGINT) is not before and ready())
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    return pressing


def until_over(job: Any) -> None:
    """Wait for the end of a job of the window."""
    until(lambda: not job.is_live)
    assert not job.is_live


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, or the patience ends."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not is_so():
        time.sleep(0.01)


@pytest.fixture
def window(home: Path, command: Command) -> Iterator[Window]:
    """Opened where the plugins of ``command`` are."""
    made = Window(home)
    yield made
    made.close()
