"""The queue with real models: its studio is killed at work, and another one does what is left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from studio.base.paths import StudioPaths
from studio.library import Library

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.e2e]

# Queues three jobs, and is gone once the first one runs: nothing says good bye.
QUEUES = """
import os, pathlib, signal, sys
from studio.api.jobs import JobRequest
from studio.studio import Studio
from studio.protocol.states import JobState
from studio.testing.inproc import pump_until

studio = Studio.open(home=pathlib.Path(sys.argv[1]), only=("molecules",), attended=True)
studio.take_up_queue()
pump_until(studio, lambda: studio.jobs.queue.is_kept, 60)
jobs = [
    studio.submit(JobRequest("molecules.generate", {"count": count, "seed": seed}))
    for seed, count in ((1, 60), (2, 2), (3, 2))
]
pump_until(studio, lambda: jobs[0].state is JobState.RUNNING, 300)
os.kill(os.getpid(), signal.SIGKILL)
"""


def seeds(paths: StudioPaths) -> Sequence[int | None]:
    """Return the seeds of what was made."""
    with Library.open(paths, read_only=True) as library:
        return sorted(library.record(made.record).seed or 0 for made in library.find())


@pytest.mark.usefixtures("runtime_within")
def test_what_was_queued_is_done_once_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., tuple[int, str, str]]
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    killed = subprocess.run(
        [sys.executable, "-c", QUEUES, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert killed.returncode < 0, killed.stderr
    made = seeds(StudioPaths(tmp_path))
    assert len(made) < 3, "something is left to do"
    queue = ("--only", "molecules", "queue", "run", "--retry", "--json")
    code, out, err = command(*queue)
    assert code == 0, err
    told = json.loads(out)
    assert [each["state"] for each in told["jobs"]] == ["done"] * (3 - len(made))
    assert seeds(StudioPaths(tmp_path)) == [1, 2, 3]
    assert json.loads(command(*queue)[1]) == {"jobs": [], "waiting": 0}, "nothing is run twice"
