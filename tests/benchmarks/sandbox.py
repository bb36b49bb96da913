"""The bench ``sandbox``: what a run in the sandbox costs, and that a thousand leave nothing."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from studio.api.sandbox import SandboxRequest
from studio.api.worker.bench import median_times
from studio.cli.terminal.studio_session import StudioSession
from studio.sandbox.plan import mark
from studio.sandbox.sandbox import Sandbox

ROUNDS, RUNS = 20, 1000


def measure(session: StudioSession, runs: int = RUNS) -> dict[str, Any]:
    """Run a script of one line in the sandbox and bare, then many times."""
    sandbox = Sandbox()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.py").write_text("print(1)\n", encoding="ascii")
        bare, process = (
            times.clock
            for times in median_times(
                ROUNDS, lambda: _bare(sandbox, folder), lambda: run_once(sandbox), warm_up=0
            )
        )
    before = traces()
    for _ in range(runs):
        run_once(sandbox)
    after = traces()
    return {
        "ratio": process / bare,
        "tier": sandbox.tier,
        "milliseconds": process * 1000,
        "bare_milliseconds": bare * 1000,
        "runs": runs,
        **{f"{name}_left": len(after[name] - before[name]) for name in after},
    }


def run_once(sandbox: Sandbox) -> None:
    """Run the script in the sandbox; it must have run."""
    request = SandboxRequest(("python", "main.py"), files={"main.py": b"print(1)\n"})
    result = [step.result for step in sandbox.run(request)][-1]
    assert result is not None
    assert result.stdout == b"1\n", result


def traces(owner: int = 0) -> dict[str, set[str]]:
    """Return what runs of a process (by default this one) might leave."""
    word = mark(owner or os.getpid())
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    temporary = os.listdir(tempfile.gettempdir())
    return {
        "processes": {path.name for path in Path("/proc").glob("[0-9]*") if _has(path, word)},
        "mounts": {line.split()[0] for line in mounts},
        "files": {name for name in temporary if name.startswith(word)},
        "descriptors": set(os.listdir("/proc/self/fd")),
    }


def _has(process: Path, word: str) -> bool:
    try:
        return word.encode() in (process / "cmdline").read_bytes()
    except OSError:  # it has just ended
        return False


def _bare(sandbox: Sandbox, folder: str) -> None:
    subprocess.run([str(sandbox.python), "main.py"], cwd=folder, capture_output=True, check=True)
