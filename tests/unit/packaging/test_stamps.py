"""Stamps appear only after success, and a kill leaves a mark that an error does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from studio_setup.stamps import Stamp, only_one

SETUP = Path(__file__).parents[3] / "packaging"


def run_python(code: str, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(SETUP)}
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def wait_for_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_holds_only_with_the_same_inputs(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "deep" / "stamp")
    assert not stamp.holds("a")
    with stamp.work("a"):
        assert not stamp.holds("a")
    assert stamp.holds("a")
    assert not stamp.holds("b")


def test_an_error_leaves_neither_stamp_nor_mark(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    with pytest.raises(ValueError, match="broken"), stamp.work("a"):
        raise ValueError("broken")
    assert not stamp.holds("a")
    assert not stamp.was_cut_short()


def test_a_kill_leaves_the_mark_and_voids_an_older_stamp(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    with stamp.work("a"):
        pass
    code = (
        "import sys, time; from pathlib import Path; from studio_setup.stamps import Stamp\n"
        "with Stamp(Path(sys.argv[1])).work('a'): print('working', flush=True); time.sleep(600)"
    )
    child = run_python(code, str(stamp.file))
    assert wait_for_line(child) == "working"
    child.kill()
    child.wait()
    assert stamp.was_cut_short()
    assert not stamp.holds("a")


@pytest.mark.skipif(sys.platform == "win32", reason="locks are not inherited there")
def test_a_killed_setup_is_waited_for_until_its_pip_ends(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from studio_setup.console import Console\n"
        "from studio_setup.stamps import only_one\n"
        "pip = 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'\n"
        "class Loud(Console):\n"
        "    def _watch(self, process, *_): print(process.stdout.readline(), flush=True)\n"
        "with only_one(Path(sys.argv[1]), lambda: None):\n"
        "    Loud(Path(sys.argv[1] + '.log'), 1).run([sys.executable, '-c', pip], 'no')"
    )
    setup = run_python(code, str(lock))
    pip = int(wait_for_line(setup))
    setup.kill()
    setup.wait()
    waited = []

    def when_waiting() -> None:
        waited.append(True)
        os.kill(pip, signal.SIGKILL)

    with only_one(lock, when_waiting):
        assert waited == [True]


def test_one_setup_at_a_time_and_a_dead_one_does_not_block(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from studio_setup.stamps import only_one\n"
        "with only_one(Path(sys.argv[1]), lambda: None): print('mine', flush=True); time.sleep(600)"
    )
    holder = run_python(code, str(lock))
    assert wait_for_line(holder) == "mine"
    waited = []

    def when_waiting() -> None:
        waited.append(True)
        holder.kill()

    with only_one(lock, when_waiting):
        assert waited == [True]
    holder.wait()
