"""How servers end: with the studio however that ends, when they are idle, and when told to."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from studio.automation.tools.servers import keeper
from studio.automation.tools.servers.results import ServerResult
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.status import ServerState
from studio.testing.processes import gone
from tests.faults.servers.conftest import Desk

pytestmark = [pytest.mark.faults, pytest.mark.skipif("sys.platform != 'linux'")]
ROOT = Path(__file__).parents[3]


def _below() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@pytest.mark.slow
def test_a_killed_studio_leaves_no_server() -> None:
    command = [sys.executable, "-m", "tests.faults.servers.doomed_servers"]
    studio = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True)
    assert studio.stdout is not None
    line = studio.stdout.readline()
    assert line, "it did not come so far"
    plain = psutil.Process(int(line))
    family = psutil.Process(studio.pid).children(recursive=True)
    servers = [each for each in family if each != plain]
    assert len(servers) >= 3, "the sandbox, the server, and what that has started"
    studio.kill()
    studio.communicate()
    assert all(gone(each) for each in servers)
    assert plain.is_running(), "the control: a child that nothing ends stays"
    plain.kill()


def test_close_and_stop_leave_nothing(tmp_path: Path) -> None:
    before = _below()
    desk = Desk(tmp_path / "home")
    desk.add("mean")
    desk.check("mean")
    assert isinstance(desk.call("mean", "start"), ServerResult)
    assert len(_below() - before) >= 3
    desk.servers.stop("mean")
    desk.until(lambda: desk.state("mean") is ServerState.STOPPED)
    assert _below() <= before
    desk.call("mean", "start")
    assert len(_below() - before) >= 3
    desk.servers.close()
    assert _below() <= before


def test_one_that_a_terminal_switches_off_is_ended_here(tmp_path: Path) -> None:
    before = _below()
    desk = Desk(tmp_path / "home")
    desk.add("mean")
    desk.check("mean")
    assert len(_below() - before) >= 2, "the control: it runs"
    terminal = Servers(desk.paths, lambda call: call())
    terminal.put(replace(terminal.entry("mean"), is_on=False))
    desk.until(lambda: desk.state("mean") is ServerState.OFF)
    desk.until(lambda: _below() <= before)
    desk.servers.close()


def test_an_idle_one_is_ended(mean: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "IDLE_SECONDS", 0.05)
    assert mean.call("mean", "echo", "x") == ServerResult("x")
    mean.until(lambda: mean.state("mean") is ServerState.STOPPED)


@pytest.mark.slow
def test_a_program_that_has_changed_is_not_started(mean: Desk, place: Path) -> None:
    script = place / "server.py"
    script.write_bytes(Path(__file__).with_name("hostile_server.py").read_bytes())
    mean.add("moved")
    entry = mean.servers.entry("moved")
    arguments = (*entry.arguments[:2], str(script), "")
    mean.servers.put(type(entry)(**{**entry.as_data(), "arguments": arguments}))
    script.chmod(0o644)
    mean.check("moved")
    assert mean.call("moved", "echo", "x") == ServerResult("x")
    mean.servers.stop("moved")
    mean.until(lambda: mean.state("moved") is ServerState.STOPPED)
    script.write_text(script.read_text() + "\n")
    assert "has changed since you last saw it" in str(mean.call("moved", "echo", "x"))
    mean.check("moved")
    assert mean.call("moved", "echo", "x") == ServerResult("x")
    mean.servers.remove("moved")
