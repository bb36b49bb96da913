"""Copies of the database, each checked before it counts as one."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from studio.base import disk
from studio.library.storage import schema, sqlite_errors
from studio.library.storage.database import Database
from studio.protocol.errors import ErrorCode, StudioError

KEPT_DAILY = 7


def copy_database(database: Database, target: Path) -> Path:
    """Copy the database to ``target``: a whole, checked file or none.

    Raises:
        StudioError: It could not be written, or the copy is not sound.
    """
    part = target.with_name(f".{target.name}.part")
    disk.remove(part)
    try:
        disk.make_folder(target.parent)
        _check_room(target.parent, database.path.stat().st_size)
        with database.guard("back up the library"), closing(sqlite3.connect(part)) as copy:
            copy.execute("PRAGMA synchronous = OFF")  # waited for once, below
            database.copy_into(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            outcome = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if outcome != "ok":
            raise StudioError(
                ErrorCode.INTERNAL, f"The backup copy of the database is corrupt: {outcome}."
            )
        with part.open("rb+") as file:
            disk.sync_file(file.fileno())
        os.replace(part, target)
        disk.sync_folder(target.parent)
    except OSError as error:
        raise disk.explain(error, "back up the library", target.parent) from error
    finally:
        disk.remove(part)
    return target


def _check_room(folder: Path, size: int) -> None:
    """A backup must not be what fills the disk."""
    free = disk.free_bytes(folder)
    if free < 2 * size:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"Not enough space to back up the library: {disk.as_size(free)} free in {folder}.",
            "Free up disk space; the backup is retried at the next start.",
        )


def is_due(folder: Path) -> bool:
    """Whether today's copy is still missing in ``folder``."""
    return not _today(folder).exists()


def daily(database: Database, folder: Path) -> Path:
    """Make today's copy in ``folder`` and let the oldest ones go."""
    target = copy_database(database, _today(folder))
    old = sorted(folder.glob("library-[0-9]*-[0-9]*-[0-9]*.db"))
    for path in [path for path in old if path != target][: -(KEPT_DAILY - 1)]:
        disk.remove(path)
    return target


def erase_in_copy(path: Path, erase: Callable[[sqlite3.Connection], bool]) -> None:
    """Take out of a backup what ``erase`` deletes, and leave nothing of it in the file.

    A backup of an earlier format is brought up to date first. One that is not sound is deleted: it
    is of no use, and nobody knows what is in it.

    Args:
        erase: Deletes rows; returns whether there were any.

    Raises:
        OSError: The disk refused; the backup is as it was.
    """
    part = path.with_name(f".{path.name}.part")
    disk.remove(part)
    try:
        shutil.copyfile(path, part)
        try:
            changed = _erased(part, erase)
        except sqlite3.DatabaseError as error:
            if sqlite_errors.is_damage(error):
                path.unlink()
                return
            raise OSError(errno.EIO, str(error)) from error
        if changed:
            with part.open("rb+") as file:
                disk.sync_file(file.fileno())
            os.replace(part, path)
            disk.sync_folder(path.parent)
    finally:
        disk.remove(part)


def _erased(part: Path, erase: Callable[[sqlite3.Connection], bool]) -> bool:
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = MEMORY")
        copy.execute("PRAGMA synchronous = OFF")  # the whole file is waited for at the end
        copy.execute("PRAGMA foreign_keys = ON")
        is_old = schema.version(copy) < schema.latest()
        if is_old:
            schema.migrate(copy)
        copy.execute("BEGIN")
        count = erase(copy)
        copy.execute("COMMIT")
        if count or is_old:
            schema.merge_searches(copy)
            copy.execute("VACUUM")
        return count or is_old


def _today(folder: Path) -> Path:
    return folder / time.strftime("library-%Y-%m-%d.db")
