"""Code that means no harm runs in the sandbox as it would outside."""

from __future__ import annotations

import os
import select
import time
from types import SimpleNamespace

import pytest

from studio.api.errors import ErrorCode, StudioError
from studio.api.sandbox import SandboxRequest
from studio.sandbox import run as runs
from studio.sandbox.sandbox import Sandbox
from studio.testing.guards import PATIENCE
from tests.faults.sandbox.conftest import Run

pytestmark = pytest.mark.faults

PYTHON_AT_WORK = """
import asyncio, pathlib, shutil, subprocess, sys, tempfile, threading
async def answer():
    return 6 * 7
print(asyncio.run(answer()))
print(subprocess.run([sys.executable, "-c", "print(7)"], capture_output=True, text=True).stdout)
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder, "a"); file.write_text("ä", "utf-8"); shutil.copy(file, "b.txt")
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
child = subprocess.Popen(["sleep", "9"]); child.terminate(); print(child.wait())
print(sys.stdin.read(5))
"""


def test_what_programs_use_is_there(run: Run, sandbox: Sandbox) -> None:
    result = run(PYTHON_AT_WORK, stdin=b"hello" + b"x" * 5_000_000, collect=("*.txt",))
    assert result.succeeded, result.stderr
    assert result.stdout.split() == [b"42", b"7", b"thread", b"-15", b"hello"]
    assert (result.tier, dict(result.files)) == (sandbox.tier, {"b.txt": "ä".encode()})


def test_ends_are_told_apart(run: Run) -> None:
    assert (run("raise SystemExit(3)").ended, run("raise SystemExit(139)").exit_code) == (
        "exit",
        139,
    )
    aborted = run("import os; os.abort()")
    assert (aborted.ended, aborted.exit_code) == ("signal", -6)


def test_one_that_ended_while_nobody_looked_has_not_run_out_of_time(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another job has a long step: whoever looks comes back after the limit."""
    steps = sandbox.run(SandboxRequest(("python", "-c", "print('x' * 30_000)")))
    next(steps)
    (process,) = runs._waited_for
    ended = os.pidfd_open(process)
    assert select.select([ended], [], [], PATIENCE)[0]
    os.close(ended)
    later = time.monotonic() + 1000
    monkeypatch.setattr(runs, "time", SimpleNamespace(monotonic=lambda: later))
    *_, last = steps
    assert last.result is not None
    assert (last.result.ended, len(last.result.stdout)) == ("exit", 30_001)


def test_a_command_that_is_not_there(sandbox: Sandbox) -> None:
    with pytest.raises(StudioError, match="No such file") as caught:
        list(sandbox.run(SandboxRequest(("no-such-program",))))
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_packages_are_lent_and_others_are_not_there(sandbox: Sandbox) -> None:
    test = b"import pytest\n@pytest.mark.parametrize('module', ['msgspec', 'numpy', 'pip'])\n"
    test += b"def test_it(module):\n    with pytest.raises(ModuleNotFoundError):\n"
    test += b"        __import__(module)\n"
    command = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    request = SandboxRequest(command, {"test_it.py": test}, packages=("pytest",))
    result = [step.result for step in sandbox.run(request)][-1]
    assert result is not None
    assert b"3 passed" in result.stdout, result


def test_output_arrives_while_it_runs_and_runs_do_not_mix(sandbox: Sandbox) -> None:
    code = "import sys, time; print(sys.argv[1]); time.sleep(60)"
    runs = [sandbox.run(SandboxRequest(("python", "-c", code, name))) for name in ("one", "two")]
    said = [b"", b""]
    deadline = time.monotonic() + PATIENCE
    while not all(b"\n" in each for each in said) and time.monotonic() < deadline:
        for index, steps in enumerate(runs):
            before = time.monotonic()
            said[index] += next(steps).stdout
            assert time.monotonic() - before < 20  # 50 ms; the first sets up the sandbox
    assert said == [b"one\n", b"two\n"]
    for steps in runs:
        steps.close()
