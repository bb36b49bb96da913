"""The sandbox of a plugin's process: each probe of the sandbox inside one, and outside.

In both tiers, where both can stand: without namespaces an administrator needs a Python that lies
where others may start it.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from studio.api.sandbox import SandboxRequest, SandboxResult, SandboxStep
from studio.plugin_process.process_sandbox import ProcessSandbox
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Permits
from studio.protocol.states import JobState
from studio.runtime import server
from studio.runtime.devices.discovery import Found
from studio.sandbox import interpreter
from studio.sandbox.probes import Probe, access, calls, try_all
from studio.testing.guards import PATIENCE
from tests.runtime.desk import Card, Desk
from tests.runtime.hosts.conftest import ENDS, Strangers

pytestmark = [pytest.mark.faults, pytest.mark.skipif("sys.platform != 'linux'")]

PROBER = """
import contextlib, io, json, os, traceback

def probe(ctx, params):
    given = ctx.inputs.json("probe", dict, {})
    for name, text in given["files"].items():
        (ctx.scratch / name).write_text(text)
    os.chdir(ctx.scratch)
    said, sys.argv = io.StringIO(), ["probe.py", given["facts"]]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            exec(compile(given["script"], "probe.py", "exec"), {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
    yield ctx.result(said=said.getvalue())

def reach(ctx, params):
    import socket
    try:
        socket.create_connection(("127.0.0.1", params.number), 5).close()
        yield ctx.result(reached=True)
    except OSError as error:
        yield ctx.result(reached=False, why=str(error))

def programs(ctx, params):
    import subprocess
    try:
        yield ctx.result(code=subprocess.run(["true"]).returncode)
    except OSError as error:
        yield ctx.result(why=str(error))

def read(ctx, params):
    yield ctx.result(text=Path(params.file).read_text(), path=params.file)

def folder(path):
    return sorted(os.listdir(path)) if os.path.isdir(path) else []

def where(ctx, params):
    (ctx.scratch / "x").write_text("x")
    (ctx.cache / "x").write_text("x")
    yield ctx.result(uid=os.getuid(), names=sorted(os.environ), seen=folder("/plugin"))

def fill(ctx, params):
    with open(ctx.scratch / "large", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
    yield
"""


def _in_reach(path: Path) -> bool:
    """Whether other users may start what lies there."""
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


@pytest.fixture(scope="module", params=["A", pytest.param("B", marks=pytest.mark.slow)])
def sandbox(request: pytest.FixtureRequest) -> ProcessSandbox:
    """They must stand on a machine that runs the tests: what is not tried is not known."""
    python = interpreter.current().executable
    if request.param == "B" and not os.getuid() and not _in_reach(python):
        pytest.skip(f"other users may not start {python}")
    found = ProcessSandbox((request.param,))
    assert found.tier == request.param, found.reason
    return found


@pytest.fixture
def desk(desk: Desk, sandbox: ProcessSandbox) -> Desk:
    """A runtime whose plugins run behind ``sandbox``."""
    desk.server._hosts.find_sandbox = lambda: sandbox
    return desk


class InPlugin:
    """Runs scripts of probes in a plugin's process, as ``Sandbox`` runs them in a sandbox."""

    python = interpreter.current().executable

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        files = {name: content.decode() for name, content in request.files.items()}
        script, facts = files.pop("probe.py"), request.command[-1]
        end = self._desk.run_with("prober.probe", script=script, facts=facts, files=files)
        assert end.error is None, end.error
        said = end.result["said"].encode()
        yield SandboxStep(result=SandboxResult("A", "exit", 0, said, b"", 0.0))


def _suits(probe: Probe) -> bool:
    """Some need a run of their own: they end with it, or shadow modules before they begin."""
    return not probe.arguments and "at exit" not in probe.name


PROBES = [each for each in (*access.PROBES, *calls.PROBES) if _suits(each)]


@pytest.mark.slow
def test_no_probe_gets_out_and_each_is_a_real_attempt(
    desk: Desk, strangers: Strangers, sandbox: ProcessSandbox
) -> None:
    strangers.plugin("prober", PROBER, needs_sandbox=True)
    # Without namespaces, what is lent to every plugin is read where it lies.
    lent = {"A": "", "B": "read an installed package"}[sandbox.tier]
    probes = [each for each in PROBES if each.name != lent]
    found = list(try_all(InPlugin(desk), probes))  # type: ignore[arg-type] # what it uses of it
    assert len(found) >= 25
    assert [each for each in found if not each.blocked] == []
    assert [each for each in found if not each.control] == []


def test_the_record_says_which_sandbox_there_was(
    desk: Desk, strangers: Strangers, sandbox: ProcessSandbox
) -> None:
    strangers.plugin("inside", PROBER, needs_sandbox=True)
    end = desk.run("inside.where")
    assert end.error is None
    assert end.engines["sandbox"] == sandbox.tier
    assert end.result["uid"] != 0, "an administrator's plugin runs as somebody else"
    assert end.result["seen"] == (["first", "last", "own"] if sandbox.tier == "A" else [])
    assert len(set(os.environ) - set(end.result["names"])) > 3, "it has an environment of its own"


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """A card whose name for torch is one that computes nothing: it is only told."""
    card = Card("fake", "meta", "Toy card", 1)
    monkeypatch.setattr(server, "find_devices", lambda: Found((card,), card))
    return card


@pytest.mark.parametrize("walled", [True, False])
def test_a_card_is_for_who_has_no_sandbox_around_it(
    card: Card, desk: Desk, strangers: Strangers, sandbox: ProcessSandbox, walled: bool
) -> None:
    code = """
        def where(ctx, params):
            try:
                seen = bool(os.listdir("/dev"))  # where the files of cards are
            except PermissionError:
                seen = False
            yield ctx.result(device=ctx.device, seen=seen)
        """
    strangers.plugin("painter", code, needs_sandbox=walled, permits=Permits(gpu=True))
    end = desk.run("painter.where")
    assert end.error is None
    assert end.result == {"device": "cpu" if walled else card.torch_name, "seen": not walled}


@pytest.mark.slow
def test_faults_in_the_sandbox_are_named_as_without(
    desk: Desk, strangers: Strangers, sandbox: ProcessSandbox
) -> None:
    desk.server._hosts.memory_limit = 256 << 20
    strangers.plugin("bad", PROBER + ENDS, needs_sandbox=True)
    sentences = {
        "exit": "It exited with code 7.",
        "crash": "SIGSEGV",
        "hunger": "memory",
        "fill": "",
    }
    for task, words in sentences.items():
        end = desk.run(f"bad.{task}")
        assert end.state is JobState.FAILED
        assert end.error is not None
        assert words in end.error.message
        assert end.error.plugin == "bad"
    assert desk.run("bad.where").state is JobState.DONE


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def accept() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


def test_permissions_are_kept_and_given(
    desk: Desk, strangers: Strangers, sandbox: ProcessSandbox, port: int, tmp_path: Path
) -> None:
    strangers.plugin("shut", PROBER, needs_sandbox=True, permits=Permits())
    open_to = Permits(network=True, files=True)
    strangers.plugin("open", PROBER, needs_sandbox=True, permits=open_to, run_code=True)
    assert desk.run("shut.reach", number=port).result["reached"] is False
    assert desk.run("open.reach", number=port).result == {"reached": True}
    assert "not permitted" in desk.run("shut.programs").result["why"]
    assert desk.run("open.programs").result == {"code": 0}
    picked = tmp_path / "picked.txt"
    picked.write_text("what is in it")
    refused = desk.finished(desk.submit("shut.read", file=str(picked), files=("file",)))
    assert refused.error is not None
    assert refused.error.code is ErrorCode.PERMISSION
    unseen = desk.run("open.read", file=str(picked))  # a path that nobody picked
    assert unseen.error is not None
    why = {"A": "No such file", "B": "Permission denied"}[sandbox.tier]
    assert why in unseen.error.message
    given = desk.finished(desk.submit("open.read", file=str(picked), files=("file",))).result
    assert given["text"] == "what is in it"
    assert given["path"] != str(picked)


@pytest.mark.parametrize("sandbox", ["A"], indirect=True)
def test_without_sandbox_nothing_runs_unless_the_user_said_so(
    desk: Desk, strangers: Strangers
) -> None:
    strangers.plugin("careful", PROBER, needs_sandbox=True)
    desk.server._hosts.find_sandbox = lambda: ProcessSandbox(())
    refused = desk.run("careful.programs")
    assert refused.error is not None
    assert refused.error.code is ErrorCode.UNSUPPORTED
    assert "Settings" in refused.error.hint
    strangers.plugin("bold", PROBER, needs_sandbox=False)
    end = desk.run("bold.programs")
    assert end.state is JobState.DONE
    assert end.engines["sandbox"] == "none"
