"""Which job's step is at hand, in a small file that outlives the process that computes.

The runtime notes it before each step; the studio reads it when the runtime has died or says nothing
any more, and so knows in whose code that happened. One slot for each lane.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from studio.protocol.regular_file import open_regular
from studio.protocol.states import Lane

_NAME = "steps"
_SLOT = 64
"""Bytes: the id of a job, filled up with zeros. All slots lie in one page."""
_PLACES = {lane: number * _SLOT for number, lane in enumerate(Lane)}


class StepNote:
    """The runtime's side of the file. To write to it is a copy in memory, without a system call."""

    def __init__(self, page: mmap.mmap) -> None:
        self._page = page

    @classmethod
    def open(cls, folder: Path) -> StepNote | None:
        """Make the file in ``folder``; None where that is not possible."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        try:
            handle = os.open(folder / _NAME, flags, 0o600)
            try:
                # Reserved, not only made long: a page that a full disk cannot give ends a process.
                os.posix_fallocate(handle, 0, mmap.PAGESIZE)
                return cls(mmap.mmap(handle, mmap.PAGESIZE))
            finally:
                os.close(handle)
        except (AttributeError, OSError, ValueError):  # no such call there; or no room
            return None

    def write(self, lane: Lane, job: str = "") -> None:
        """Note that a step of ``job`` begins; without one, that the lane's step is over."""
        at = _PLACES[lane]
        self._page[at : at + _SLOT] = job.encode()[:_SLOT].ljust(_SLOT, b"\0")


def jobs_at_hand(folder: Path) -> tuple[str, ...]:
    """Return the jobs whose step is at hand, or was when the runtime died; at most one a lane."""
    try:
        with open_regular(folder / _NAME) as file:
            page = file.read(_SLOT * len(_PLACES))
    except OSError:
        return ()
    slots = (page[at : at + _SLOT] for at in _PLACES.values())
    jobs = (slot.rstrip(b"\0").decode("ascii", "replace") for slot in slots)
    return tuple(job for job in jobs if job)
