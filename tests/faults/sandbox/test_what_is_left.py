"""The runtime adopts orphans: what its runs leave behind is nobody else's to clear away."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.faults

RUNS = 5
SCRIPT = f"""
import psutil
from studio.api.sandbox import SandboxRequest
from studio.runtime.process_cleanup import keep_orphans
from studio.sandbox.sandbox import Sandbox

keep_orphans()
sandbox = Sandbox("A")
for _ in range({RUNS}):
    list(sandbox.run(SandboxRequest(("python", "-c", "print(7)"))))
print(len(psutil.Process().children()))
"""


def test_runs_leave_no_processes_that_have_ended() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 1, "what is just ending is noted by the next run"
