"""The SQLite connection: durability, transactions, readable errors. Knows no table.

One connection writes, behind a lock, from whichever thread; each thread reads over its own.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from studio.base import disk
from studio.library.storage import schema, sqlite_errors
from studio.library.storage.reserved_space import ReservedSpace
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import PrivateFolder

_BUSY_MS = 5_000
_CACHE_KIB = 16_384

_SCARCE = 8 << 20
"""With less room than this, what frees room or ends work may use the ballast's."""

_LASTING = {ErrorCode.DISK_FULL, ErrorCode.READ_ONLY, ErrorCode.INTERNAL}
"""Faults that the next write would meet too, unless somebody does something."""


class Database:
    """One SQLite file.

    Args:
        path: The file; made if missing, unless ``read_only``.
        read_only: Never write, and make no file beside it.
        reserved_space: Room to give up when the disk is full.

    Attributes:
        fault: Why the last write failed, until one succeeds.
        on_fault: Told when that changes, from any thread.
        refusal: What a write to a read-only database raises.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        reserved_space: ReservedSpace | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.fault: StudioError | None = None
        self.on_fault: Callable[[StudioError | None], None] = lambda error: None
        self.refusal = StudioError(ErrorCode.READ_ONLY, "The library is read-only.")
        self._reserved_space = reserved_space
        self._condemned: StudioError | None = None
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: weakref.WeakSet[_Reader] = weakref.WeakSet()
        self._writer: sqlite3.Connection | None = None
        self._snapshot: PrivateFolder | None = None
        self._closed = False
        with self.guard("open the library"):
            if read_only:
                self._uri = self._readable_uri()
            else:
                self._uri = _uri(path, "rw")
                self._writer = _connect_to_write(_uri(path, "rwc"), path)

    @contextmanager
    def write(self, doing: str, *, freeing: bool = False) -> Iterator[sqlite3.Connection]:
        """Hold a transaction; it is on the disk when the block is left, undone if the block raises.

        Args:
            freeing: It gives room back, or ends work that was paid for: it may use the ballast.

        Raises:
            StudioError: ``READ_ONLY``, ``DISK_FULL``, ``BUSY`` or what else SQLite says.
        """
        with self._lock, self.guard(doing):
            if self._condemned:
                raise self._condemned
            if self._writer is None:
                raise self.refusal
            if freeing and self._reserved_space and disk.free_bytes(self.path.parent) < _SCARCE:
                self._reserved_space.release()
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                self._undo(connection, error)
                raise
            self.note(None)

    def condemn(self, problem: str) -> StudioError:
        """Write no more to a damaged file; the next start will look at the whole of it.

        Returns:
            The sentence for it.
        """
        self._condemned = sqlite_errors.damaged(self.path, problem)
        with suppress(OSError):
            suspect(self.path).touch()
        self.note(self._condemned)
        return self._condemned

    def note(self, error: StudioError | None) -> None:
        """Remember whether the disk refuses or accepts, and tell when that changed."""
        before, self.fault = self.fault, error
        if (before and before.message) != (error and error.message):
            self.on_fault(error)

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self.guard("read the library"):
            return self._reader().execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self.guard("read the library"):
            row: sqlite3.Row | None = self._reader().execute(sql, values).fetchone()
            return row

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        row = self.one(sql, *values)
        return row[0] if row else None

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection without a transaction: migrations and checkpoints."""
        with self._lock, self.guard("change the library"):
            if self._writer is None:
                raise self.refusal
            yield self._writer

    def copy_into(self, target: sqlite3.Connection) -> None:
        """Copy the whole database as it is now, whoever writes meanwhile."""
        with self.guard("copy the database"):
            self._reader().backup(target)

    def problem(self) -> str:
        """Return the problems found by a quick check of the whole file; empty if none.

        WORKAROUND SQLite 3.46: a connection that has read a word list before another one merged it
        calls it malformed; no report was found. May go when the test of an emptied bin passes
        without it.
        """
        try:
            reader = _Reader(self._uri)
            try:
                outcome = reader.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                return schema.missing(reader.connection) if outcome == "ok" else str(outcome)
            finally:
                reader.close()
        except sqlite3.DatabaseError as error:
            return str(error)

    def close(self) -> None:
        """Close all connections. Needs no care: a kill leaves the same."""
        with self._lock:
            self._closed = True
            for reader in list(self._readers):
                reader.close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self.refusal = StudioError(ErrorCode.INTERNAL, "The library was closed.")
            if self._snapshot is not None:
                self._snapshot.close()

    @contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Turn refusals of SQLite and the disk into sentences, and remember those that last."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
            if self._closed:  # by another thread, in the middle of this
                raise StudioError(ErrorCode.INTERNAL, "The library was closed.") from error
            raise  # a bug, not a refusal
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, OSError):
                failure = disk.explain(error, doing, self.path.parent)
            elif sqlite_errors.is_damage(error):
                failure = self.condemn(str(error))
            else:
                failure = sqlite_errors.explain(error, doing, self.path)
            if failure.code in _LASTING:
                self.note(failure)
            raise failure from error

    def _reader(self) -> sqlite3.Connection:
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None or reader.closed:
            if self._closed:
                raise StudioError(ErrorCode.INTERNAL, "The library was closed.")
            reader = _Reader(self._uri)
            self._local.reader = reader
            self._readers.add(reader)
        return reader.connection

    def _undo(self, connection: sqlite3.Connection, why: BaseException) -> None:
        """Roll back; after an error of the disk the connection is made anew: its cache may lie."""
        broken = sqlite_errors.code_of(why) == sqlite3.SQLITE_IOERR
        try:
            if connection.in_transaction:
                connection.rollback()
        except sqlite3.Error:
            broken = True
        if broken:
            connection.close()
            self._writer = _connect_to_write(self._uri, self.path)
            with suppress(sqlite3.Error):  # or a crash now would bring back what was just refused
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _readable_uri(self) -> str:
        """Find a way to read a file that may lie on a read-only disk.

        WAL needs a shared-memory file beside the database even to read. Where none can be made, the
        file is read as one that never changes; with changes in its log, a copy of both is read.
        """
        for uri in (_uri(self.path, "ro"), _uri(self.path, "ro", immutable=True)):
            log = self.path.with_name(self.path.name + "-wal")
            if "immutable" in uri and log.exists() and log.stat().st_size:
                uri = _uri(self._copy(log), "rw")
            try:
                connection = _connect(uri)
            except sqlite3.OperationalError:
                continue
            try:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except sqlite3.OperationalError:
                continue
            finally:
                connection.close()
            return uri
        return _uri(self.path, "ro")

    def _copy(self, log: Path) -> Path:
        self._snapshot = PrivateFolder("library")
        copy = self._snapshot.path / self.path.name
        shutil.copyfile(self.path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        return copy


class _Reader:
    """A reading connection that closes with its thread."""

    closed = True  # until there is something to close

    def __init__(self, uri: str) -> None:
        self.connection = _connect(uri)
        self.closed = False
        self.connection.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.connection.close()

    def __del__(self) -> None:
        self.close()


def suspect(path: Path) -> Path:
    """Return the mark that makes the next start look at the whole database."""
    return path.with_name(f"{path.name}.suspect")


def _uri(path: Path, mode: str, *, immutable: bool = False) -> str:
    extra = "&immutable=1" if immutable else ""
    return f"file:{quote(str(path.absolute()))}?mode={mode}{extra}"


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
    )
    connection.row_factory = sqlite3.Row
    for pragma in (
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "foreign_keys = ON",
        f"busy_timeout = {_BUSY_MS}",
        f"cache_size = -{_CACHE_KIB}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _connect_to_write(uri: str, path: Path) -> sqlite3.Connection:
    connection = _connect(uri)
    try:
        _use_wal(connection, path)
        connection.execute("BEGIN IMMEDIATE")  # a log without permission opens, to fail later
        connection.execute("ROLLBACK")
        if not os.access(path, os.W_OK):  # and so does the database itself
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Turn on the write-ahead log; believe what SQLite answers, for some disks cannot have it."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The disk with {path.parent} cannot store a database safely (journal mode “{mode}”).",
            "Choose a folder on a local disk with STUDIO_HOME.",
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = 1")
    connection.execute("PRAGMA checkpoint_fullfsync = 1")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
