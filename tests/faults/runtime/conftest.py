"""A studio with its real runtime process and a plugin that misbehaves on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.plugins import importable
from studio.testing.processes import without_torch

PLUGINS = Path(__file__).parent / "plugins"
PATIENCE = 120.0
MOMENTS = ("idle", "loading", "generating")


class Bench:
    """The studio under fault, and verbs to bring it where it hurts."""

    def __init__(self, home: Path) -> None:
        weights = home / "weights"
        weights.mkdir(parents=True, exist_ok=True)
        (weights / "slow.slow").write_bytes(b"slow")
        (weights / "slow.toml").write_text(
            'id = "slow"\ntitle = "Slow"\nfile = "slow.slow"\nfamily = "faulty-slow"\n'
            'capabilities = ["slow"]\n'
        )
        self.studio = Studio.open(home=home, only=("faulty",), attended=True)

    def until(self, done: Callable[[], object]) -> None:
        """Pump until ``done()``."""
        pump_until(self.studio, lambda: bool(done()), PATIENCE)

    def pid(self) -> int:
        """Return the process id of the runtime, ready for work."""
        self.studio.runtime.start()
        self.until(lambda: self.studio.runtime.is_ready)
        assert self.studio.runtime.hello is not None
        return self.studio.runtime.hello.pid

    def run(self, task: str, **params: Any) -> Job:
        """Run a task to its end."""
        job = self.studio.submit(JobRequest(f"faulty.{task}", params))
        self.until(lambda: not job.is_live)
        return job

    def bring_to(self, moment: str) -> Job | None:
        """Return the job that is at ``moment`` now; None when idle."""
        if moment == "idle":
            self.pid()
            return None
        job = self.studio.submit(
            JobRequest("faulty.load" if moment == "loading" else "faulty.endless", {})
        )
        if moment == "loading":
            self.until(lambda: job.state is JobState.LOADING)
        else:
            self.until(lambda: job.artifacts and job.texts().get("", "").count("x") > 3)
        return job

    def strays(self) -> list[psutil.Process]:
        """Return what a job has started in sessions of their own; the last has no environment."""
        job = self.studio.submit(JobRequest("faulty.stray", {}))
        self.until(lambda: "x" in job.texts().get("", ""))
        return [psutil.Process(int(pid)) for pid in job.texts()[""].partition("\n")[0].split()]

    def forget_deaths(self) -> None:
        """Let the next death be the first."""
        self.studio.runtime.forgive()
        self.studio._blame._deaths.clear()

    def sleeper(self, job: Job) -> psutil.Process:
        """Return the process that an endless job started."""
        return psutil.Process(int(job.texts()[""].partition("\n")[0]))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the runtime find the faulty plugin, and be modest about threads."""
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert os.path.isdir(PLUGINS)
    with importable(PLUGINS):
        yield


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the runtime be up again soon, where no weights are loaded."""
    without_torch(tmp_path / "without", monkeypatch)


@pytest.fixture
def bench(environment: None, tmp_path: Path) -> Iterator[Bench]:
    """A studio on its own home."""
    made = Bench(tmp_path / "home")
    yield made
    made.studio.close()
