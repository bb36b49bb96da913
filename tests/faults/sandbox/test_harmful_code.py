"""Code that means harm: contained, ended with all that it started, and nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.sandbox import run_once, traces
from studio.api.sandbox import SandboxLimits, SandboxRequest
from studio.sandbox.sandbox import Sandbox
from studio.testing.guards import PATIENCE
from tests.faults.sandbox.conftest import Run

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[3]
MARK = f"brood-{os.getpid()}"
BROOD = """
import os, signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
print("up", flush=True)
time.sleep(60)
"""
BROOD += f"# {MARK}"
"""Twenty processes that have left their session and their parent, deaf to every signal."""


@pytest.fixture(scope="module")
def haste(sandbox: Sandbox) -> SandboxLimits:
    """Time to start and say a word, and not much more, however busy the machine is."""
    started = time.monotonic()
    run_once(sandbox)
    return SandboxLimits(wall_seconds=max(1.0, 8 * (time.monotonic() - started)))


def test_it_cannot_end_what_watches_it(run: Run) -> None:
    result = run("import os\nfor n in (os.getppid(), -1): os.kill(n, 9)")
    assert (result.ended, result.exit_code) in (("exit", 1), ("signal", -9))
    if result.ended == "exit":
        assert b"PermissionError" in result.stderr


def test_one_that_stops_itself_meets_the_time(run: Run, haste: SandboxLimits) -> None:
    result = run("import os\nprint('x', flush=True)\nos.kill(0, 19)", limits=haste)
    assert (result.ended, result.exit_code, result.stdout) == ("wall time", None, b"x\n")


def test_endless_output_stops_at_the_limit(run: Run) -> None:
    limits = SandboxLimits(output_bytes=100_000)
    result = run("while True: print('x' * 10_000)", limits=limits)
    assert (result.ended, len(result.stdout)) == ("output", 100_000)


def test_nobody_listens_and_nothing_piles_up(sandbox: Sandbox, haste: SandboxLimits) -> None:
    """A paused job: the pipe is full, the code waits, the clock goes on."""
    code = "import sys\nwhile True: sys.stdout.write('x' * 1000)"
    steps = sandbox.run(SandboxRequest(("python", "-c", code), limits=haste))
    while not next(steps).stdout:
        pass
    time.sleep(haste.wall_seconds + 0.3)
    *_, last = steps
    assert last.result is not None
    assert last.result.ended == "wall time"
    assert len(last.result.stdout) < 300_000


def _brood() -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
        except OSError:  # it has just ended
            continue
    return found


def _more_than(before: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what is left now; what other tests had open may go meanwhile."""
    now = traces()
    return {kind: found - before[kind] for kind, found in now.items() if found - before[kind]}


def test_leaving_early_ends_everything_at_once(sandbox: Sandbox) -> None:
    before, begins, ends = traces(), [], []
    for _ in range(3):
        started = time.perf_counter()
        steps = sandbox.run(SandboxRequest(("python", "-c", BROOD)))
        while b"up" not in next(steps).stdout:
            pass
        assert _brood()
        begun = time.perf_counter()
        steps.close()
        begins.append(begun - started)
        ends.append(time.perf_counter() - begun)
        assert (_more_than(before), _brood()) == ({}, [])
    assert min(ends) < min(begins)


STUDIO = """
import sys
from studio.api.sandbox import SandboxRequest
from studio.sandbox.sandbox import Sandbox as OwnSandbox
from studio.testing.guards import PATIENCE
for step in OwnSandbox(sys.argv[1]).run(SandboxRequest(("python", "-c", sys.argv[2]))):
    if step.stdout:
        print("up", flush=True)
"""


def test_the_studio_is_killed_and_the_code_with_it(sandbox: Sandbox) -> None:
    command = [sys.executable, "-c", STUDIO, sandbox.tier, BROOD]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as studio:
        assert studio.stdout is not None
        assert studio.stdout.readline() == b"up\n"
        # The studio itself has the mark on its command line, as an argument.
        assert len(_brood()) > 1
        studio.kill()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (left := _left_by(studio.pid)):
        time.sleep(0.02)
    assert not left


def _left_by(studio: int) -> set[str]:
    found = traces(studio)
    return {*_brood(), *found["processes"], *found["files"]}


def test_many_runs_leave_nothing(sandbox: Sandbox) -> None:
    before = traces()
    for _ in range(10):
        run_once(sandbox)
    assert _more_than(before) == {}


def test_a_tree_too_deep_for_any_path_is_gone_too(run: Run) -> None:
    before = traces()
    result = run("import os\nfor _ in range(200): os.mkdir('d' * 99); os.chdir('d' * 99)")
    assert result.succeeded, result.stderr
    assert _more_than(before) == {}
