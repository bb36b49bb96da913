"""Ends what the runtime started: no orphan may keep memory or a device."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

import psutil


def end_family() -> None:
    """Kill what this process has started, and what that has started."""
    end(family_of(os.getpid()))


def family_of(process: int) -> list[int]:
    """Return the others of a process's session, or its descendants where there are no sessions.

    Descendants alone would miss those whose parent has ended already. A session that is not its own
    to lead holds strangers too: then the descendants must do. The caller is never among them.
    """
    if hasattr(os, "getsid") and process in (os.getsid(0), _session_of(process)):
        family = [pid for pid in psutil.pids() if _session_of(pid) == process]
    else:
        family = [child.pid for child in psutil.Process(process).children(recursive=True)]
    return [pid for pid in family if pid not in (process, os.getpid())]


def end(processes: Iterable[int]) -> None:
    """Kill processes; one that has ended by itself is none the worse for it."""
    for pid in processes:
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:  # it has ended by itself, or is a stranger's
        return -1
