"""Marks of finished and unfinished work: a second run is quick, an interrupted one goes on."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stamp:
    """A file that holds the fingerprint of the inputs a step last finished with.

    Beside it lies `NAME.started` while the step runs: still there at the next start, it means that
    the step was cut short, by a kill or by the power, and what it made cannot be trusted.
    """

    file: Path

    @property
    def _started(self) -> Path:
        return self.file.with_name(self.file.name + ".started")

    def holds(self, fingerprint: str) -> bool:
        """True when the step finished with exactly these inputs."""
        if self.was_cut_short():
            return False
        try:
            return self.file.read_text("utf-8") == fingerprint
        except FileNotFoundError:
            return False

    def was_cut_short(self) -> bool:
        return self._started.exists()

    @contextlib.contextmanager
    def work(self, fingerprint: str) -> Iterator[None]:
        """Runs a step: the stamp appears only after the body ends without an error.

        An ordinary error takes the mark of unfinished work away: the step said itself what failed.
        A kill or Ctrl-C leaves it.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._started.touch()
        try:
            yield
        except Exception:
            self._started.unlink(missing_ok=True)
            raise
        write_whole(self.file, fingerprint)
        self._started.unlink(missing_ok=True)


def write_whole(file: Path, text: str) -> None:
    """Writes a small file so that a reader sees either the old text or the new one."""
    part = file.with_name(file.name + ".part")
    part.write_text(text, "utf-8")
    os.replace(part, file)


@contextlib.contextmanager
def only_one(lock: Path, when_waiting: Callable[[], None]) -> Iterator[None]:
    """Lets one setup at a time into a checkout; the system frees the lock when its holder dies.

    The commands of a setup inherit the lock: when the setup is killed while its pip still writes,
    the next one waits for that pip.

    Args:
        lock: the lock file; it is left behind on purpose.
        when_waiting: called once when another setup holds the lock.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as handle:
        os.set_inheritable(handle.fileno(), True)
        if not _try_lock(handle.fileno()):
            when_waiting()
            _wait_lock(handle.fileno())
        yield


if sys.platform == "win32":
    import msvcrt
    import time

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(fd: int) -> None:
        while not _try_lock(fd):
            time.sleep(0.5)

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _wait_lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)
