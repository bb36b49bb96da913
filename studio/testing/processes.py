"""Whether processes have ended, for tests that end them."""

from __future__ import annotations

import time

import psutil

from studio.testing.guards import PATIENCE


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
