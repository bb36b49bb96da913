"""For tests that start processes, and end them."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from studio.testing.guards import PATIENCE


def without_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runtimes find no torch, where no task needs it: they begin in a third of the time."""
    folder.mkdir()
    (folder / "torch.py").write_text("raise ImportError('left out')\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def gone(process: psutil.Process, timeout: float = PATIENCE) -> bool:
    """Whether it ends in time. An orphan may stay a zombie where nobody reaps: that is gone too."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False
