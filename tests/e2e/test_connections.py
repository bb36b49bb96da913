"""What plugins and libraries try to reach is refused, counted and named in the real runtime."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from studio.api.jobs import JobRequest
from studio.protocol.connections.watch import Attempt
from studio.studio import Studio
from studio.testing.guards import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

MANIFEST = """
id = "{id}"
title = "{id}"
version = "1.0.0"
api = ">=1,<2"
icon = "globe"
isolation = "studio"
worker = "{id}.worker"
tasks = [{{ id = "{id}.go", title = "Go", params = "{id}.schema:Go", produces = ["text"] }}]
"""
SCHEMA = "from studio.api import Params\n\n\nclass Go(Params):\n    times: int = 1\n"
WORKER = """
import contextlib, socket, sys
from studio.api import hookimpl

@hookimpl
def studio_tasks():
    return {"ID.go": go}

def go(ctx, params):
    for address in (("192.0.2.7", 80), ("127.0.0.1", 9))[: params.times]:
        with contextlib.suppress(OSError):
            socket.create_connection(address, 0.01)
            raise AssertionError("it went through")
    if sys.platform == "linux":
        import cffi
        ffi = cffi.FFI()
        ffi.cdef("int socket(int, int, int);")
        assert ffi.dlopen(None).socket(2, 1, 0) == -1
    yield ctx.result(done=1)
"""


def plugin(folder: Path, id: str) -> None:
    made = folder / id
    made.mkdir()
    (made / "__init__.py").touch()
    (made / "manifest.toml").write_text(MANIFEST.format(id=id))
    (made / "schema.py").write_text(SCHEMA)
    (made / "worker.py").write_text(WORKER.replace("ID", id))


def run(studio: Studio, id: str, times: int) -> None:
    end = time.monotonic() + PATIENCE
    job = studio.submit(JobRequest(f"{id}.go", {"times": times}))
    while not job.state.is_terminal:
        assert time.monotonic() < end
        studio.pump(0.1)
    assert job.state == "done", job.error


def test_a_plugin_that_connects_in_the_runtime_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin(tmp_path, "greedy")
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(tmp_path))
    studio = Studio.open()
    try:
        run(studio, "greedy", 2)
        end = time.monotonic() + PATIENCE
        shut = sys.platform == "linux"
        while studio.connections.count < 1 + 2 * shut:
            assert time.monotonic() < end
            studio.pump(0.1)
        greedy, *others = studio.connections.attempts
        assert greedy == Attempt(greedy.at, "192.0.2.7:80", "greedy", blocked=shut)
        assert studio.connections.blocked == 3 * shut
        if shut:
            local, native = others
            assert local == Attempt(local.at, "", "greedy", blocked=True)
            assert "cffi" in native.library
    finally:
        studio.close()
