"""A studio that is open beside the commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.core.studio import Studio
from studio.core.terminals import Terminals
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


@pytest.fixture
def window(home: Path, command: Command) -> Iterator[Window]:
    """Opened where the plugins of ``command`` are."""
    made = Window(home)
    yield made
    made.close()
