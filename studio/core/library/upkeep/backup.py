"""Copies of the database and of the whole library, each checked before it counts as one."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path

import psutil

from studio.core import disk
from studio.core.library.storage import blob_store, schema, sqlite_errors
from studio.core.library.storage.database import Database
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

KEPT_DAILY = 7
_NOTE = "under-way-{}.txt"


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
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise StudioError(
                ErrorCode.INTERNAL, f"The backup copy of the database is corrupt: {found}."
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
        found = erase(copy)
        copy.execute("COMMIT")
        if found or is_old:
            schema.merge_searches(copy)
            copy.execute("VACUUM")
        return found or is_old


def _today(folder: Path) -> Path:
    return folder / time.strftime("library-%Y-%m-%d.db")


def copy_payloads(digests: Iterable[str], source: Path, target: Path) -> list[str]:
    """Copy payloads and sidecars by digest; return the names of damaged or missing files."""
    bad = []
    for digest in digests:
        found = sorted((source / digest[:2]).glob(f"{digest}.*"))
        if not found:
            bad.append(digest)
        for path in found:
            copy = target / digest[:2] / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            with copy.open("rb+") as file:
                disk.sync_file(file.fileno())
            if not blob_store.is_sidecar(path) and blob_store.digest_of(copy) != digest:
                bad.append(path.name)
    return bad


def copy_library(database: Database, source: Path, target: Path, digests: list[str]) -> Path:
    """Copy database, payloads, sidecars and history to ``target/library``, whole or not at all.

    Raises:
        StudioError: ``target`` is in the way, the disk refuses, or files of the source are bad.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudioError(ErrorCode.BAD_INPUT, f"{target} already exists.", "Choose a new folder.")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    sweep(source / "backups")
    note = source / "backups" / _NOTE.format(os.getpid())
    try:
        with suppress(OSError):  # a library on a disk that cannot be written is copied, too
            disk.make_folder(note.parent)
            note.write_text(str(part.absolute()), "utf-8")
        copy_database(database, part / "library" / database.path.name)
        bad = copy_payloads(digests, source / "objects", part / "library" / "objects")
        if (source / "history").exists():
            shutil.copytree(source / "history", part / "library" / "history")
        if target.exists():
            target.rmdir()
        os.replace(part, target)
        disk.sync_folder(target.parent)
    except OSError as error:
        raise disk.explain(error, "back up the library", target) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            disk.remove(note)
    if bad:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The backup was written to {target}, but {len(bad)} library files are damaged or "
            "missing.",
            "Run “studio library verify” to list them.",
        )
    return target


def sweep(folder: Path, *, alone: bool = False) -> None:
    """Delete what backups left that were cut short; ``folder`` holds the notes of where they went.

    Args:
        alone: Nobody else copies the database now: a part of such a copy is left over, too.
    """
    for note in folder.glob(_NOTE.format("*")):
        process = note.stem.rpartition("-")[2]
        if not process.isdecimal() or psutil.pid_exists(int(process)):
            continue
        with suppress(OSError, UnicodeDecodeError):
            part = Path(read_regular(note).decode("utf-8"))
            if part.name.startswith(".") and part.name.endswith(".part") and not part.is_symlink():
                shutil.rmtree(part, ignore_errors=True)
        disk.remove(note)
    for part in folder.glob(".library-*.part") if alone else ():
        disk.remove(part)
