"""Finds a runtime's descendants on Linux, even orphans and those that lead a session.

A runtime has a marker in its environment, which its children inherit. Elsewhere, and for a
program that is started with an environment of its own, descent and session serve instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MARK_ENV = "STUDIO_RUNTIME_MARK"
_PROCESSES = Path("/proc")
_ROUNDS = 5
"""While one is being ended it may start another."""


def new_mark(home: str) -> str:
    """Return a mark for one runtime of this studio, which works in the folder ``home``."""
    return f"{os.getpid()}-{_space()}-{_key(home)}-{secrets.token_hex(8)}"


def end_marked(mark: str) -> None:
    """Kill all that carry ``mark``, but not the caller."""
    if mark:
        _end(lambda marked: marked == mark)


def end_abandoned(home: str) -> None:
    """Kill what studios of ``home`` that are gone have left behind."""
    if home:
        _end(lambda mark: _is_abandoned(mark, _key(home)))


def _end(is_wanted: Callable[[str], bool]) -> None:
    for _ in range(_ROUNDS):
        pids = [pid for pid, mark in _marked() if is_wanted(mark)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return


def _marked() -> Iterator[tuple[int, str]]:
    """Yield (process, its mark) for those of this user that have one and have not ended."""
    if sys.platform != "linux":
        return
    wanted = f"{MARK_ENV}=".encode()
    for entry in _PROCESSES.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # a stranger's, or it has just ended
            # Of one that has ended and waits to be reaped nothing can be read.
            for line in (entry / "environ").read_bytes().split(b"\0"):
                if line.startswith(wanted):
                    yield int(entry.name), line[len(wanted) :].decode("ascii", "replace")


def _is_abandoned(mark: str, key: str) -> bool:
    studio, space, home, _ = [*mark.split("-"), "", "", ""][:4]
    # Numbers of another space, a container's, say nothing here.
    is_here = studio.isdigit() and (space, home) == (_space(), key)
    return is_here and not (_PROCESSES / studio).exists()


def _key(home: str) -> str:
    return hashlib.sha256(home.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _space() -> str:
    """Return which space of process numbers this process lives in; empty where there is one."""
    try:
        return str((_PROCESSES / "self" / "ns" / "pid").stat().st_ino)
    except OSError:
        return ""
