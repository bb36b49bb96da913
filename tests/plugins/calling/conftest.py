"""A studio with callers and makers, and a real runtime in the same process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from studio.api import Requirements, WeightsFacts
from studio.api.jobs import JobRequest
from studio.api.manifest import API_VERSION
from studio.base.child import Child
from studio.jobs.job import Job
from studio.protocol.link import Link, handshake
from studio.protocol.messages import PROTOCOL_VERSION, Hello
from studio.runtime.server import Server
from studio.studio import Studio
from studio.testing.guards import PATIENCE
from studio.testing.inproc import InprocChild, pump_until
from studio.testing.plugins import importable

HERE = Path(__file__).parent
SIDECAR = """
id = "paint"
title = "Paint"
file = "paint.gguf"
format = "gguf"
family = "toy"
capabilities = ["toy-paint"]
"""


class PaintLoader:
    """Knows the weights of these tests."""

    family = "toy"

    def recognise(self, path: Path) -> WeightsFacts | None:
        return WeightsFacts("toy", "Paint", ("toy-paint",)) if path.stem == "paint" else None

    def measure(self, path: Path) -> Requirements:
        return Requirements(100, 10)

    def load(self, path: Path, device: str) -> Iterator[Any]:
        yield 1.0
        return object()

    def unload(self, loaded: Any) -> None:
        pass


class Desk:
    """A studio, and what is done with it."""

    def __init__(self, home: Path, only: Sequence[str], loaders: Sequence[Any]) -> None:
        self.server: Server | None = None
        self._loaders = loaders
        self.studio = Studio.open(home=home, only=only, launch=self._launch)

    @classmethod
    @contextmanager
    def opened(
        cls,
        home: Path,
        plugins: Path,
        monkeypatch: pytest.MonkeyPatch,
        only: Sequence[str],
        loaders: Sequence[Any],
    ) -> Iterator[Desk]:
        """A studio with the plugins ``only``, some of them in the folder ``plugins``."""
        plugins.mkdir(exist_ok=True)
        monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(plugins))
        with importable(plugins):
            desk = cls(home, only, loaders)
            yield desk
            desk.studio.close()

    def submit(self, task: str, /, **params: Any) -> Job:
        return self.studio.submit(JobRequest(task, params))

    def run(self, task: str, /, **params: Any) -> Job:
        job = self.submit(task, **params)
        self.until(lambda: not job.is_live)
        return job

    def until(self, done: Any) -> None:
        pump_until(self.studio, lambda: bool(done()))

    def _launch(self) -> Child:
        return InprocChild(self._serve)

    def _serve(self, link: Link) -> None:
        handshake(link, Hello(PROTOCOL_VERSION, API_VERSION))
        self.server = Server(link, built_in=lambda: self._loaders)
        self.server.serve()
        assert self.server.close(PATIENCE), "a lane did not end"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    weights = tmp_path / "home" / "weights"
    weights.mkdir(parents=True)
    (weights / "paint.gguf").write_bytes(b"GGUF")
    (weights / "paint.toml").write_text(SIDECAR)
    only = ("callers", "makers")
    with Desk.opened(tmp_path / "home", HERE, monkeypatch, only, [PaintLoader()]) as desk:
        yield desk
