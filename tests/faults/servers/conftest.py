"""Servers of a home, asked and waited for."""

from __future__ import annotations

import os
import queue
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.results import ServerResult
from studio.automation.tools.servers.servers import ServerCall, Servers
from studio.automation.tools.servers.status import ServerState, ServerStatus
from studio.base.paths import StudioPaths
from studio.protocol.errors import StudioError
from studio.testing.guards import PATIENCE

HOSTILE = Path(__file__).with_name("hostile_server.py")


def python() -> str:
    """Return a Python that servers may start: an administrator's run as somebody else."""
    found = shutil.which("python3", path="/usr/bin") if os.geteuid() == 0 else None
    return found or sys.executable


Begun = tuple[ServerCall, list[Any]]


class Desk:
    """Waits for what servers do."""

    def __init__(self, home: Path) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.paths = StudioPaths.default(home)
        self.servers = Servers(self.paths, self._calls.put)

    def add(self, name: str, mode: str = "", **more: Any) -> None:
        """Add the hostile one."""
        arguments = ("-I", "-S", str(HOSTILE), mode)
        self.servers.put(ServerEntry(name, python(), arguments, **more))

    def check(self, name: str) -> ServerStatus | StudioError:
        """Start it, and return what it has or why not."""
        said: list[Any] = []
        self.servers.check(name, said.append, said.append)
        self.until(lambda: bool(said))
        return said[0]  # type: ignore[no-any-return] # of what was told

    def begin(self, name: str, tool: str, text: str = "", **how: Any) -> Begun:
        """Call a tool of one that was checked; its outcome comes into the list."""
        said: list[Any] = []
        known = {each.name: each for each in self.servers.status(name).tools}
        arguments = {"text": text}
        call = self.servers.call(name, known[tool], arguments, said.append, said.append, **how)
        return call, said

    def call(self, name: str, tool: str, text: str = "", **how: Any) -> ServerResult | StudioError:
        """Call a tool and return its outcome."""
        _, said = self.begin(name, tool, text, **how)
        self.until(lambda: bool(said))
        return said[0]  # type: ignore[no-any-return] # of what was told

    def until(self, is_so: Callable[[], bool]) -> None:
        """Run what was posted until something is so."""
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, "it has not come"
            try:
                self._calls.get(timeout=0.05)()
            except queue.Empty:
                continue

    def state(self, name: str) -> ServerState:
        return self.servers.status(name).state


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With a server ``mean`` that runs; tests that end it find it running again."""
    desk = Desk(tmp_path_factory.mktemp("servers") / "home")
    yield desk
    desk.servers.close()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user of the machine may read.

    Not below pytest's own, which each start of pytest closes to others again.
    """
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def mean(desk: Desk) -> Desk:
    """A desk with the hostile server, which runs."""
    if not any(each.name == "mean" for each in desk.servers.entries()):
        desk.add("mean")
    status = desk.check("mean")
    assert isinstance(status, ServerStatus), status
    return desk
