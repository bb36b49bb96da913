"""A workflow on three machines of a real Ray cluster, all of them on this one.

Each has one processor and a home of its own. Run by ``make verify``, for it takes minutes.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from studio.core.clusters.main import SAFETY
from studio.core.library.workflow_runs import RowState
from studio.core.studio import Studio
from studio.core.workflows.runner import Runner
from studio.core.workflows.sources import Given
from studio.testing.inproc import pump_until
from studio.testing.plugins import importable

pytest.importorskip("ray")

PLUGINS = Path(__file__).parent / "plugins"
ROOT = Path(__file__).parents[3]
WORKFLOW = """
name = "Chains"
[input]
kind = "text"
[params.rounds]
type = "integer"
default = 10
[[step]]
id = "make"
task = "chain.make"
params = { word = "{input}", rounds = "{param.rounds}" }
[[step]]
id = "read"
task = "chain.read"
params = { file = "{step.make}" }
"""
PATIENCE = 300.0


class Machines:
    """A cluster in a process of its own.

    Attributes:
        address: Where its client server is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        port = _free_port()
        self.address = f"ray://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("machines.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "CLIENT_PORT": str(port)},
            text=True,
        )
        self.local = self._answer()

    def add(self, name: str, plugins: Path = PLUGINS) -> None:
        """Start a machine with a home of its own."""
        home = str(self._folder / name)
        self._order(name, {"STUDIO_HOME": home, "STUDIO_PLUGIN_PATH": str(plugins)})

    def remove(self, name: str) -> None:
        """Take a machine away, without a warning."""
        self._order(name, None)

    def close(self) -> None:
        """Take all of it down."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _order(self, name: str, environment: dict[str, str] | None) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"name": name, "environment": environment}) + "\n")
        self._process.stdin.flush()
        assert self._answer() == name

    def _answer(self) -> str:
        assert self._process.stdout
        return str(json.loads(self._process.stdout.readline()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A cluster of three, for which the address ``ray`` stands, too."""
    with pytest.MonkeyPatch.context() as patch, importable(PLUGINS):
        for name, value in SAFETY.items():
            patch.setenv(name, value)
        patch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))
        with closing(Machines(tmp_path_factory.mktemp("machines"))) as made:
            patch.setenv("RAY_ADDRESS", made.local)
            for name in ("ada", "bea", "cora"):
                made.add(name)
            yield made


@contextmanager
def studio_at(home: Path) -> Iterator[Studio]:
    with closing(Studio.open(home=home, only=("chain",))) as studio:
        yield studio


def words(count: int, prefix: str = "word") -> list[Given]:
    return [Given(text=f"{prefix} {n}") for n in range(count)]


def follow(studio: Studio, runner: Runner, look: Callable[[], None] = lambda: None) -> None:
    """Pump until a run is over, looking at it meanwhile."""

    def is_over() -> bool:
        look()
        return runner.is_over

    pump_until(studio, is_over, PATIENCE)


def digests(studio: Studio, run: str) -> dict[int, list[str]]:
    """Return the digests of the results of each row, step by step."""
    runs, library = studio.library.workflow_runs, studio.library
    found: dict[int, list[str]] = {}
    numbers = [row.number for row in runs.rows(run)]
    for step in sorted(runs.steps(run, numbers), key=lambda step: (step.number, step.step)):
        found.setdefault(step.number, []).extend(
            library.artifact(id).digest for id in step.artifacts
        )
    return found


def driver_of(studio: Studio) -> psutil.Process | None:
    """Return the driver that this process has started."""
    for child in psutil.Process().children():
        if "--cluster" in child.cmdline():
            return child
    return None


def test_sixty_rows_outlive_a_machine_and_a_driver(machines: Machines, tmp_path: Path) -> None:
    with studio_at(tmp_path / "here") as here:
        local = here.workflows.start(WORKFLOW, words(60))
        follow(here, local)
        expected = digests(here, local.id)
    with studio_at(tmp_path / "there") as there:
        runner = there.workflows.start(WORKFLOW, words(60), on="ray")
        done: list[str] = []

        def disturb() -> None:
            if runner.done >= 15 and "machine" not in done:
                done.append("machine")
                machines.remove("ada")
            elif runner.done >= 35 and "driver" not in done:
                done.append("driver")
                driver = driver_of(there)
                assert driver is not None
                driver.kill()

        follow(there, runner, disturb)
        assert done == ["machine", "driver"]
        assert runner.error is None
        assert runner.counts == {RowState.DONE: 60}
        assert digests(there, runner.id) == expected
        library = there.library
        assert library.count() == 120, "each row once, of two steps"
        records = [library.record(each.record) for each in library.find(limit=-1)]
        by_machine = Counter(getattr(record, "machine", "?") for record in records)
        assert set(by_machine) == {"ada", "bea", "cora"}
        print("\nrows of each machine:", dict(by_machine))
