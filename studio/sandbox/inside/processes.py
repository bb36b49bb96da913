"""Ends everything that a run has started. Knows the two ways: with and without namespaces."""

from __future__ import annotations

import os
import signal
import time

_PATIENCE = 5.0


def end_all(has_namespaces: bool) -> None:
    """Kill all that the command started, and return when it is gone."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if not (_kill_namespace() if has_namespaces else _kill_descendants()):
            return
        time.sleep(0.001)


def _kill_namespace() -> bool:
    """Kill every process of this namespace but its first and this one; whether there were any."""
    _reap()
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _kill_descendants() -> bool:
    """Stop all below this one, so that nothing forks on, then kill; whether there were any.

    This process adopts orphans: whatever has left its session or its parent is still below it.
    """
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in descendants(os.getpid()):
            try:
                os.kill(process, number)
            except ProcessLookupError:
                continue
    return _reap()


def descendants(process: int) -> list[int]:
    """Return what runs below ``process``, nearest first."""
    tree = [process]
    for member in tree:
        tree += children(member)
    return tree[1:]


def children(process: int) -> list[int]:
    """Return the processes that ``process`` has started itself."""
    pids: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", "rb") as file:
                pids += map(int, file.read().split())
    except OSError:  # it has just ended
        return pids
    return pids


def _reap() -> bool:
    """Take note of children that have ended; whether any is left."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True
