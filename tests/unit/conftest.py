"""A whole studio without window and without child: what tests of the core stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import Params, Seed
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.jobs.job import Job
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import ScriptedRuntime


class Draw(Params):
    """Parameters of the only task here."""

    prompt: str = "a boat"
    notes: list[str] = []
    seed: Seed = Seed.random()


INPUTS = ("image", "mask", *map(str, range(65)))
DRAW = TaskEntry("toy.draw", "Draw", "toy.schema:Draw", ("image",), INPUTS)


class Desk:
    """A studio, its scripted runtime, and verbs to use them with."""

    def __init__(self, home: Path) -> None:
        self.runtime = ScriptedRuntime()
        self.home = home
        self.studio = Studio.open(
            home=home, only=("nothing",), launch=self.runtime.launch, attended=True
        )

    def submit(self, *script: Any, **options: Any) -> Job:
        """Submit a drawing that follows ``script``."""
        self.runtime.enqueue(*script)
        params = Draw.parse(options.pop("params", {}))
        return self.studio.jobs.submit("toy", DRAW, params, JobRequest(DRAW.id, **options))

    def until(self, done: Callable[[], object]) -> None:
        """Pump until ``done()``."""
        pump_until(self.studio, lambda: bool(done()))

    def finish(self, *jobs: Job) -> None:
        """Pump until all ``jobs`` are over."""
        self.until(lambda: not any(job.is_live for job in jobs))

    def told(self) -> list[str]:
        """Return what the user was told, and what to do."""
        return [f"{notice.message} {notice.hint}".strip() for notice in self.studio.notices.all]

    def press(self, title: str) -> None:
        """Press the button that begins with ``title``."""
        actions = [action for notice in self.studio.notices.all for action in notice.actions]
        next(action for action in actions if action.title.startswith(title)).run()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A studio that comes back at once after a death of its runtime."""
    monkeypatch.setattr("studio.runtimes.supervisor.RESTART_SECONDS", (0.0, 0.01, 0.02))
    made = Desk(tmp_path / "home")
    yield made
    made.studio.close()
