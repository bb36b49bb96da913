"""The studio dies by kill -9: the runtime and its children go with it, and the library is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.processes import gone, without_torch
from studio.testing.scripted import ScriptedRuntime
from tests.faults.runtime.conftest import MOMENTS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def doomed(home: Path, moment: str, *more: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start a studio and wait until it is at ``moment``."""
    command = [sys.executable, "-m", "tests.faults.runtime.doomed_studio", str(home), moment]
    process = subprocess.Popen([*command, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"it ended with {process.wait()}"
    return process, json.loads(line)


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_running_and_nothing_is_lost(
    environment: None, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if moment != "loading":
        without_torch(tmp_path / "without", monkeypatch)
    studio, told = doomed(tmp_path, moment)
    family = [psutil.Process(pid) for pid in told["pids"]]
    studio.kill()
    studio.wait()
    assert all(gone(process) for process in family)
    reopened = Studio.open(home=tmp_path, launch=ScriptedRuntime().launch)
    library = reopened.library
    assert library.payload_path(told["saved"]).read_bytes() == b"made in time"
    assert library.verify().ok
    if told["job"]:
        pump_until(reopened, lambda: library.jobs.entry(told["job"]).state == "lost")
    assert library.jobs.unfinished() == []
    reopened.close()
    assert studio.stdout is not None
    studio.stdout.close()


def test_control_a_process_without_a_death_pipe_does_outlive_its_studio(
    environment: None, light: None, tmp_path: Path
) -> None:
    studio, told = doomed(tmp_path, "idle", "orphan")
    runtime, orphan = psutil.Process(told["pids"][0]), psutil.Process(told["orphan"])
    studio.kill()
    studio.wait()
    assert gone(runtime)
    assert not gone(orphan, 0.2), "the test would not see an orphan"
    orphan.kill()
    assert studio.stdout is not None
    studio.stdout.close()
