"""Ends what this process started: no orphan may keep memory or a device. Starts nothing."""

from __future__ import annotations

import contextlib
import os

import psutil


def end_family() -> None:
    """Kill the other processes of our session, or our descendants where there are no sessions.

    Descendants alone would miss those whose parent has ended already. A session that is not ours to
    lead holds strangers too: then the descendants must do.
    """
    me = os.getpid()
    if hasattr(os, "getsid") and os.getsid(0) == me:
        family = [pid for pid in psutil.pids() if pid != me and _session_of(pid) == me]
    else:
        family = [child.pid for child in psutil.Process().children(recursive=True)]
    for pid in family:
        with contextlib.suppress(psutil.Error):  # it has ended by itself
            psutil.Process(pid).kill()


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:  # it has ended by itself, or is a stranger's
        return -1
