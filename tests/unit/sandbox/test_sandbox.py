"""No sandbox, no run: what it says of a machine, and that a weaker tier is never a secret."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import studio
from studio.api.errors import ErrorCode, StudioError
from studio.api.params import Params
from studio.api.sandbox import SandboxRequest
from studio.cli import sandbox as command
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins import discover
from studio.runtime.hosts.hosts import Hosts
from studio.runtime.hosts.remote_task import RemoteTasks
from studio.runtime.jobs.context import Context
from studio.runtime.jobs.plugin_workers import Workers
from studio.sandbox import landlock_tier
from studio.sandbox import sandbox as module
from studio.sandbox.bubblewrap_tier import with_namespaces
from studio.sandbox.interpreter import Interpreter
from studio.sandbox.sandbox import Sandbox
from studio.testing.guards import PATIENCE
from studio.testing.plugins import host_of, run_task

PRETENDS = f"""#!{sys.executable} -I
import os, sys
words = sys.argv[sys.argv.index("--") + 1 :]
words[words.index("/launch")] = {str(Path(studio.__file__).parents[1])!r}
os.execv(words[0], words)
"""
HELLO = SandboxRequest(("python", "-c", "print('hello')"))


def test_another_system_runs_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox()
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert (sandbox.tier, sandbox.python) == ("", None)
    with pytest.raises(StudioError, match="on Linux only") as caught:
        next(iter(sandbox.run(HELLO)))
    assert caught.value.code is ErrorCode.UNSUPPORTED


def test_without_bubblewrap_the_weaker_wall_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name, path: None)
    assert (Sandbox("A").tier, Sandbox("A").reason) == ("", "Tier A: bubblewrap is not installed.")
    with pytest.raises(StudioError, match="bubblewrap is not installed"):
        Sandbox("A").run(HELLO)
    sandbox = Sandbox()
    assert sandbox.tier == "B"
    assert "bubblewrap is not installed" in sandbox.reason


def test_a_wall_builder_that_raises_no_sandbox_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It starts the command all the same, as one would that does not do what it is told."""
    fake = tmp_path / "bwrap"
    fake.write_text(PRETENDS, encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(module.shutil, "which", lambda name, path: str(fake))
    sandbox = Sandbox("A")
    assert sandbox.tier == ""
    assert "system processes are reachable" in sandbox.reason


def test_what_stood_at_the_trial_must_stand_in_every_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox = Sandbox()
    assert sandbox.tier == "A", sandbox.reason
    monkeypatch.setattr(module, "_bubblewrap", lambda: "/bin/false")
    with pytest.raises(StudioError, match="nothing was run") as caught:
        list(sandbox.run(HELLO))
    assert caught.value.code is ErrorCode.UNSUPPORTED


def test_a_python_that_does_not_start_is_no_python(tmp_path: Path) -> None:
    nothing = Interpreter(tmp_path / "python", (), ())
    sandbox = Sandbox("A", [nothing])
    assert sandbox.tier == ""
    assert "No such file" in sandbox.reason


def test_hidden_folders_stay_shut_where_files_are_shared(tmp_path: Path) -> None:
    for path in ("lib/python/os.py", "lib/python/site-packages/secret.py", "bin/python"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    whole, listed = landlock_tier._open([str(tmp_path)], [tmp_path / "lib/python/site-packages"])
    assert set(whole) == {str(tmp_path / "lib/python/os.py"), str(tmp_path / "bin")}
    assert set(listed) == {str(tmp_path / each) for each in ("", "lib", "lib/python")}


def test_the_manifest_of_the_plugin_decides(tmp_path: Path) -> None:
    found = [each for each in discover(()) if each.package in ("studio_code", "studio_chat")]
    host = host_of(found, tmp_path / "journal")
    workers = Workers(lambda fault: None, RemoteTasks(Hosts(lambda: None, lambda fault: None)))
    workers.configure(host.worker_entries())
    assert workers.may_run_code("code.run")
    assert not workers.may_run_code("chat.reply")
    assert not workers.may_run_code("nobody.has-this")


class _Job:
    id, seed, plugin, is_private, wants_whole = "job", 0, "dice", False, False
    inputs: Mapping[str, Any] = {}


def test_a_plugin_whose_manifest_does_not_say_so_may_not(tmp_path: Path) -> None:
    context = Context(_Job(), None, "cpu", tmp_path)  # type: ignore[arg-type]
    with pytest.raises(StudioError, match="“dice” may not run code") as caught:
        _ = context.sandbox
    assert (caught.value.code, caught.value.plugin) == (ErrorCode.PERMISSION, "dice")


def test_the_test_kit_lends_the_sandbox() -> None:
    def task(ctx: Any, params: Params) -> Any:
        for step in ctx.sandbox.run(HELLO):
            yield ctx.text(step.stdout.decode())
        yield ctx.result(tier=step.result.tier)

    made = run_task(task, Params.parse({}))
    assert (made.text, made.result) == ("hello\n", {"tier": "A"})


def test_the_command_line_runs_nothing_without_a_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name, path: None)
    assert command.main(["--tier", "A"], StudioSession()) == 8
    with pytest.raises(StudioError, match="bubblewrap is not installed"):
        command.main(["probe", "--tier", "A"], StudioSession())


@pytest.mark.parametrize(("place", "is_link"), [("/opt/python", True), ("/tmp/python", False)])
def test_a_python_among_the_temporary_files_is_shown_there(place: str, is_link: bool) -> None:
    python = Interpreter(Path(place, "bin/python3"), (Path(place, "lib"),), ())
    words = with_namespaces("bwrap", python, SandboxRequest(("python",)), {}).command
    links = [words[at + 2] for at, word in enumerate(words) if word == "--symlink"]
    assert ("/tmp" in links) == is_link
    assert "/dev/shm" in links


FEW_USERS = """
from studio.api.sandbox import SandboxRequest
from studio.sandbox.sandbox import Sandbox
sandbox = Sandbox([{tier!r}])
assert sandbox.tier, sandbox.reason
code = "import os; print(os.getuid() != 0, os.path.exists('/etc/passwd'))"
*_, last = sandbox.run(SandboxRequest(("python", "-c", code)))
print(last.result.stdout.decode())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs namespaces of Linux")
def test_root_of_a_container_with_few_users_has_a_sandbox() -> None:
    """As `unshare -r` and containers without an administrator make it: it is the only user."""
    alone = ["unshare", "-rn", "--"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("unshare -rn is not allowed here")
    if Sandbox(["A"]).tier != "A":
        pytest.skip("there are no namespaces here")
    done = subprocess.run(
        [*alone, sys.executable, "-c", FEW_USERS.format(tier="A")],
        capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "False"], done.stderr


def test_a_system_that_refuses_is_a_reason_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("studio.sandbox.sandbox._plan", refuse)
    sandbox = Sandbox()
    assert sandbox.tier == ""
    assert "it cannot be set up here (Invalid argument)" in sandbox.reason
