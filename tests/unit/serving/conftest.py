"""A local server over a studio that writes what a test says. Loads no weights."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api.jobs import JobRequest
from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.serving import LocalServer
from studio.testing.guards import PATIENCE

WEIGHTS = {
    "text": "tiny",
    "embedding": "mini",
    "text-to-image": "art",
    "text-to-speech": "mouth",
    "speech-to-text": "ear",
}


@dataclass
class FakeJob:
    """A job whose events the test sends."""

    params: Mapping[str, Any]
    calls: dict[str, Callable[..., None]] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda call: self.calls.__setitem__(name, call)

    def cancel(self) -> None:
        self.cancelled.set()


class FakeStudio:
    """Runs what is posted on a thread of its own, as a window does on its."""

    def __init__(self, home: Path) -> None:
        self.paths = type("Paths", (), {"home": home})
        self.settings: dict[str, Any] = {}
        self.weights = self.plugins = self
        self.jobs: queue.Queue[FakeJob] = queue.Queue()
        self.script: Callable[[FakeJob], None] = lambda job: None
        self._calls: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="fake-studio")
        self._thread.start()

    def post(self, call: Callable[[], Any] | None) -> None:
        self._calls.put(call)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def close(self) -> None:
        self.post(None)
        self._thread.join()

    def submit(self, request: JobRequest) -> FakeJob:
        params = request.params
        assert isinstance(params, Mapping)
        if params.get("temperature", 0) > 2:
            raise StudioError(ErrorCode.BAD_INPUT, "Temperature must be between 0 and 2.")
        job = FakeJob({"task": request.task, **params, **request.inputs})
        self.jobs.put(job)
        self.post(lambda: self.script(job))
        return job

    def list(self, capability: str = "") -> list[Weights]:
        return [self.get(WEIGHTS[capability])]

    def default_for(self, capability: str, prefer: str = "") -> Weights:
        return self.list(capability)[0]

    def tasks(self) -> list[tuple[Any, Any]]:
        made = ("image.generate", "voice.speak", "voice.transcribe")
        return [(None, SimpleNamespace(id=each)) for each in made]

    def get(self, id: str) -> Weights:
        capabilities = {name: (capability,) for capability, name in WEIGHTS.items()}
        if id not in capabilities:
            raise StudioError(ErrorCode.NOT_FOUND, f"There is no model “{id}”.")
        return Weights(id=id, title=id, path=Path(__file__), capabilities=capabilities[id])


@dataclass
class Served:
    """A running server and what stands behind it."""

    studio: FakeStudio
    server: LocalServer

    def says(self, *pieces: str, **result: Any) -> None:
        """Let the next jobs write ``pieces`` and end with ``result``."""

        def script(job: FakeJob) -> None:
            for piece in pieces:
                job.calls["on_text"](piece, 1, "")
            job.calls["on_done"]({"tokens": len(pieces), "prompt_tokens": 3, **result})

        self.studio.script = script

    def raw(self, request: bytes, family: int = socket.AF_INET) -> bytes:
        """Send bytes and return all that comes back."""
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        with socket.socket(family) as link:
            link.settimeout(PATIENCE)
            link.connect((host, self.server.port))
            link.sendall(request)
            answer = b""
            try:
                while part := link.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass
            return answer

    def status(self, *headers: str, line: str = "GET /v1/models HTTP/1.1", body: str = "") -> int:
        """Return the status that a request with just these headers gets; 0 for none."""
        head = "\r\n".join([line, *headers, "Connection: close", "", body])
        answer = self.raw(head.encode("latin-1"))
        return int(answer.split()[1]) if answer else 0

    def close(self) -> None:
        """Stop both."""
        self.server.close()
        self.studio.close()

    @property
    def host(self) -> str:
        """The header of an honest client."""
        return f"Host: 127.0.0.1:{self.server.port}"

    @property
    def token(self) -> str:
        """The header that shows the token."""
        return f"Authorization: Bearer {self.server.token.text}"


def start(home: Path) -> Served:
    """Return a running server."""
    studio = FakeStudio(home)
    return Served(studio, LocalServer(studio))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = start(tmp_path_factory.mktemp("home"))
    yield made
    made.close()


@pytest.fixture
def served(running: Served) -> Served:
    """The server of the module, as if it were new."""
    running.studio.script = lambda job: None
    running.studio.jobs = queue.Queue()
    return running
