"""Ends what the runtime started: no orphan may keep memory or a device."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable

import psutil

from studio.protocol.runtime_children import MARK_ENV, end_marked

_SUBREAPER = 36
"""``PR_SET_CHILD_SUBREAPER`` of Linux."""


def keep_orphans() -> None:
    """Stay, on Linux, the ancestor of all that this process starts, whatever becomes of parents.

    An orphan that ends stays a zombie until we end: to reap it might take the exit code from
    whoever in this process waits for a child of his own.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def end_family() -> None:
    """Kill what this process has started, and what that has started."""
    end(family_of(os.getpid()))
    end_marked(os.environ.get(MARK_ENV, ""))


def family_of(process: int) -> list[int]:
    """Return the descendants of a process, and the others of its session if it leads one.

    Descendants alone would miss those whose parent has ended already, the session those that lead
    one of their own. The caller is never among them.
    """
    family = set()
    if hasattr(os, "getsid") and process in (os.getsid(0), _session_of(process)):
        family = {pid for pid in psutil.pids() if _session_of(pid) == process}
    with contextlib.suppress(psutil.NoSuchProcess):  # the caller may ask for one that is gone
        family |= {child.pid for child in psutil.Process(process).children(recursive=True)}
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
