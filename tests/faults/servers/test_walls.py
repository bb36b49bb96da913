"""What a server reaches: the folders that were declared, and nothing else. Each with a control."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from studio.automation.tools.servers.results import ServerResult
from studio.automation.tools.servers.status import ServerStatus
from studio.automation.tools.servers.walls import sandbox
from studio.protocol.connections.telemetry import TELEMETRY
from studio.protocol.errors import StudioError
from studio.sandbox.sandbox import Sandbox
from tests.faults.servers.conftest import Desk

pytestmark = [pytest.mark.faults, pytest.mark.skipif("sys.platform != 'linux'")]
NOBODY = 65534


@pytest.fixture(scope="module")
def places(place: Path) -> Path:
    """Folders that every user of the machine may read and change."""
    for name in ("read", "write", "other"):
        (place / name).mkdir()
        (place / name).chmod(0o777)
        (place / name / "file").write_text(f"in {name}")
        (place / name / "file").chmod(0o666)
    (place / "read/link").symlink_to(place / "other/file")
    return place


@pytest.fixture(scope="module", params=["A", pytest.param("B", marks=pytest.mark.slow)])
def walled(request: pytest.FixtureRequest, desk: Desk, places: Path) -> Iterator[Desk]:
    """In both tiers: what is not tried is not known."""
    box = sandbox((request.param,))
    assert box.tier == request.param, box.reason
    usual, desk.servers._find_box = desk.servers._find_box, lambda: box
    desk.add("walled", readable=(str(places / "read"),), writable=(str(places / "write"),))
    desk.add("online", network=True)
    for name in ("walled", "online"):
        status = desk.check(name)
        assert isinstance(status, ServerStatus), (status, desk.servers.status(name).lines)
        assert status.walls.tier == request.param
    yield desk
    for name in ("walled", "online"):
        desk.servers.remove(name)
    desk.servers._find_box = usual


def _says(desk: Desk, tool: str, text: object, server: str = "walled") -> str:
    """Return what it did; empty if it could not."""
    answer = desk.call(server, tool, str(text))
    assert isinstance(answer, ServerResult), answer
    return "" if answer.is_error else answer.text


def _as_somebody(path: Path) -> bool:
    """Whether an ordinary user may read and change a file: the control."""
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.close(os.open(path, os.O_RDWR))
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_files_outside_of_its_folders_are_not_there(walled: Desk, places: Path) -> None:
    outside = places / "other/file"
    assert _as_somebody(outside)
    assert _says(walled, "read", outside) == ""
    assert _says(walled, "write", outside) == ""
    assert _says(walled, "read", places / "read/link") == ""
    assert outside.read_text() == "in other"


def test_read_only_is_read_only_and_writable_is_writable(walled: Desk, places: Path) -> None:
    assert _says(walled, "read", places / "read/file") == "in read"
    assert _as_somebody(places / "read/file")
    assert _says(walled, "write", places / "read/file") == ""
    assert (places / "read/file").read_text() == "in read"
    assert _says(walled, "write", places / "write/new") != ""
    assert (places / "write/new").read_text() == "written"
    (places / "write/new").unlink()


def test_the_network_is_there_for_those_that_may(walled: Desk) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        assert _says(walled, "reach", port) == ""
        assert _says(walled, "reach", port, "online") != ""


def test_it_finds_a_clean_environment(walled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    names = json.loads(_says(walled, "names", ""))
    assert "SECRET_TOKEN" not in names
    assert set(names) <= {
        "PATH", "HOME", "TMPDIR", "USER", "LANG", "LC_CTYPE", "PYTHONPATH", "PYTHONUTF8",
        "PYTHONUNBUFFERED", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS", "PWD", *TELEMETRY,
    }  # fmt: skip


def test_without_walls_nothing_is_started(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    none = Sandbox(())
    monkeypatch.setattr(desk.servers, "_find_box", lambda: none)
    desk.add("bare")
    error = desk.check("bare")
    assert isinstance(error, StudioError)
    assert "nothing can keep it from your files" in error.message
    assert "doctor sandbox" in error.hint
    desk.servers.remove("bare")
