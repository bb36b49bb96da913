"""A workflow of two steps that a cluster is given, and how its run is followed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from studio.automation.workflows.runner import Runner
from studio.automation.workflows.sources import Given
from studio.studio import Studio
from studio.testing.inproc import pump_until

PLUGINS = Path(__file__).parent / "plugins"
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
PATIENCE = 900.0
"""Bounds a hang, and measures nothing."""


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
