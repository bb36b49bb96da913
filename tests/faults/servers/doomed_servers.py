"""Has a server that has started a process of its own, says so, and waits to be killed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.servers.conftest import Desk

with tempfile.TemporaryDirectory() as folder:
    desk = Desk(Path(folder) / "home")
    desk.add("mean")
    desk.check("mean")
    desk.call("mean", "start")
    plain = subprocess.Popen(["sleep", "1000"], stdin=-3, stdout=-3, stderr=-3)
    print(plain.pid, flush=True)
    sys.stdin.readline()
