"""A disk that refuses the n-th change, or a studio that dies at it: in a child of the test."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.guards import THOROUGH


class Faults:
    """Fails the n-th change to the disk, once or from then on, in a child of this process."""

    def __init__(self, nth: int, fault: str, *, lasts: bool) -> None:
        self.nth, self.fault, self.lasts = nth, fault, lasts
        self.seen = 0

    def strike(self) -> None:
        """Count a change; fail if it is the one."""
        self.seen += 1
        if self.seen == self.nth or (self.lasts and self.seen > self.nth):
            if self.fault == "kill":
                os._exit(9)
            raise OSError(28 if self.fault == "full" else 5, self.fault)

    def guarding(self, call: Callable[..., object]) -> Callable[..., object]:
        """Return ``call`` with the fault before it."""

        def guarded(*arguments: object, **more: object) -> object:
            self.strike()
            return call(*arguments, **more)

        return guarded


class Statements(sqlite3.Connection):
    """A connection that waits for no disk, and whose commits are changes to it, too."""

    faults: Faults

    def execute(self, sql: str, *more: object) -> sqlite3.Cursor:  # type: ignore[override]
        if sql == "PRAGMA synchronous = FULL":
            return super().execute("PRAGMA synchronous = OFF")
        if sql in ("COMMIT", "VACUUM") or sql.startswith("PRAGMA wal_checkpoint"):
            try:
                self.faults.strike()
            except OSError as error:
                told = sqlite3.OperationalError("database or disk is full")
                told.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise told from error
        return super().execute(sql, *more)


def _connect(connect: Callable[..., object], path: object, **options: object) -> object:
    """Connect; only a database on the disk can meet a fault of the disk."""
    return connect(path, **options if path == ":memory:" else {"factory": Statements, **options})


def steps(first: int, apart: int) -> Iterator[int]:
    """Count the changes of which one fails in each try; other faults strike at those between.

    With ``STUDIO_THOROUGH=1`` each fault strikes at all.
    """
    return count(1) if THOROUGH else count(first, apart)


def meets(faults: Faults, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child; return whether it met the fault."""
    child = os.fork()
    if not child:
        try:
            connect = sqlite3.connect
            Statements.faults = faults
            sqlite3.connect = partial(_connect, connect)
            for name in ("replace", "unlink", "fsync"):
                setattr(os, name, faults.guarding(getattr(os, name)))
            try:
                work()
            except StudioError as error:
                os._exit(7 if error.message and error.code is not ErrorCode.BAD_INPUT else 8)
            os._exit(7 if faults.seen >= faults.nth else 0)
        finally:  # whatever it was: a child of a test must not go on with the tests
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 7, 9), status
    return status != 0
