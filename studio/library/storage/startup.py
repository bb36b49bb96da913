"""Opening a database in any state: new, old, newer, damaged, locked. Knows no rows."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studio.base import disk
from studio.library import erasure
from studio.library.storage import schema
from studio.library.storage.blob_store import ObjectStore
from studio.library.storage.database import Database, suspect
from studio.library.storage.event_log import EventLog
from studio.library.storage.reserved_space import ReservedSpace
from studio.library.storage.writer_lock import WriterLock
from studio.library.upkeep import backup, health
from studio.library.upkeep.health import Health
from studio.library.upkeep.rebuild import Progress, rebuild
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import PrivateFolder

DATABASE = "library.db"
_WITHOUT_BULK = 2
"""The first format whose records have nothing bulky."""
_CHECKED_AT_START = 16 << 20
"""A larger database is checked by ``Library.maintain`` instead, so that the start stays short."""


@dataclass
class Opened:
    """A database that is at least readable, and the outcome of opening it.

    Attributes:
        news: Sentences that the user should read once.
        scratch: A folder to delete at the end.
    """

    database: Database
    lock: WriterLock
    health: Health = field(default_factory=Health)
    news: list[str] = field(default_factory=list)
    scratch: PrivateFolder | None = None


def open_database(folder: Path, *, read_only: bool) -> Opened:
    """Return the library's database, for writing if that is possible.

    Raises:
        StudioError: It cannot even be read.
    """
    lock = WriterLock(folder / "lock")
    state = health.asked() if read_only else _claim(folder, lock)
    try:
        if not state.writable:
            return _open_to_read(folder, lock, state)
        return _open_to_write(folder, lock)
    except OSError as error:
        lock.release()
        raise disk.explain(error, "open the library", folder) from error
    except BaseException:
        lock.release()
        raise


def repair(folder: Path, progress: Progress) -> list[str]:
    """Rebuild a missing or damaged database from the files; return news about it.

    Opening does it, too: this is for who wants to do it beforehand and beside a window, since it
    takes minutes where there is much. Nothing is done where another studio has the library, or
    where nothing can be written: opening says so.

    Args:
        progress: What it raises ends the repair; the next one begins anew.

    Raises:
        OSError, StudioError: It cannot be done; opening says what becomes of it.
    """
    lock = WriterLock(folder / "lock")
    if not _claim(folder, lock).writable:
        return []
    try:
        database, news = _sound(folder / DATABASE, ReservedSpace(folder / "ballast"), progress)
        database.close()
        return news
    finally:
        lock.release()


def _claim(folder: Path, lock: WriterLock) -> Health:
    """Become the one writer, or say why not."""
    try:
        disk.make_folder(folder)
    except OSError as error:
        raise disk.explain(error, "create the library", folder) from error
    if not disk.writable(folder):
        return health.no_permission(folder)
    try:
        return Health() if lock.acquire() else health.other_writer(lock.holder())
    except OSError as error:
        failure = disk.explain(error, "lock the library", folder)
        return Health(health.HealthState.READ_ONLY, failure.message, failure.hint)


def _open_to_write(folder: Path, lock: WriterLock) -> Opened:
    path, reserved_space = folder / DATABASE, ReservedSpace(folder / "ballast")
    try:
        try:
            database, news = _sound(path, reserved_space)
        except StudioError as error:
            if error.code is not ErrorCode.DISK_FULL or not reserved_space.release():
                raise
            database, news = _sound(path, reserved_space)
        latest, version = schema.latest(), database.value("PRAGMA user_version")
        if version < latest:
            _migrate(database, folder, version, reserved_space)
    except StudioError as error:
        return _open_to_read(folder, lock, health.refused(error))
    if version > latest:
        database.close()
        return _open_to_read(folder, lock, health.newer(folder, version, latest))
    reserved_space.make()
    return Opened(database, lock, Health(), news)


def _sound(
    path: Path, reserved_space: ReservedSpace, progress: Progress = lambda done, total: None
) -> tuple[Database, list[str]]:
    """Return a database that passes its check: the one there is, or one made from the files."""
    damage, news = "" if _is_new(path) else _damage(path), []
    disk.remove(suspect(path))
    if damage or _is_new(path):
        damaged, log = _put_aside(path), EventLog(path.parent / "history")
        if not any((path.parent / name).exists() for name in ("history", "objects")):
            log.mark_modern()
        _make(path, path.parent, progress)
        if not log.is_modern:
            erasure.write_down(path.parent, erasure.Plan(upgrades=True), reserved_space)
        if damage:
            news.append(
                f"The library database was damaged ({damage}) and has been rebuilt from your "
                f"files. The damaged file was kept as {damaged}."
            )
    return Database(path, read_only=False, reserved_space=reserved_space), news


def outlook(folder: Path) -> tuple[str, ...]:
    """Describe what the next start will do, other than just open the database.

    Changes nothing; empty for a library that is well, and where there is none yet.
    """
    return tuple(_outlook(folder)) if os.path.lexists(folder) else ()


def _outlook(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        yield f"{folder} is not a folder, so nothing can be saved. Move it away."
        return
    for name in ("objects", "history", "backups"):
        if os.path.lexists(folder / name) and not (folder / name).is_dir():
            yield f"{folder / name} is not a folder, so saving will fail. Move it away."
    if os.path.lexists(folder / "lock") and not (folder / "lock").is_file():
        yield f"{folder / 'lock'} is not an ordinary file, so nothing can be saved. Move it away."
    path = folder / DATABASE
    rebuilt = "the next start will rebuild it from your files"
    if _is_new(path):
        if any((folder / name).exists() for name in ("history", "objects")):
            yield f"The library database is missing or empty; {rebuilt}."
        return
    try:
        if damage := _damage(path, read_only=True):
            yield f"The library database is damaged ({damage}); {rebuilt} and keep the damaged one."
            return
        database = Database(path, read_only=True)
    except StudioError as error:
        yield f"{error.message} {error.hint}".strip()
        return
    version, latest = database.value("PRAGMA user_version"), schema.latest()
    database.close()
    if version > latest:
        newer = health.newer(folder, version, latest)
        yield f"{newer.message} {newer.hint}".strip()


def _is_new(path: Path) -> bool:
    try:
        facts = path.lstat()  # a folder that nobody may look into is no new library: it raises
    except FileNotFoundError:
        return True
    return stat.S_ISREG(facts.st_mode) and facts.st_size == 0


def _damage(path: Path, *, read_only: bool = False) -> str:
    """Return the damage of an existing database; empty if none."""
    if not path.is_file():
        return "it is not an ordinary file"
    try:
        database = Database(path, read_only=read_only)
    except StudioError as error:
        if "SQLITE_CORRUPT" in error.details:
            return error.details
        raise
    try:
        if database.value("PRAGMA application_id") not in (0, schema.APPLICATION_ID):
            return "it belongs to another application"
        if not database.value("PRAGMA user_version"):
            return "it is not a library"
        small = path.stat().st_size <= _CHECKED_AT_START
        return database.problem() if small or suspect(path).exists() else ""
    except StudioError as error:
        return error.details
    finally:
        database.close()


def _put_aside(path: Path) -> str:
    """Rename a damaged database and its log; return the new name.

    A log that lost its database goes too: SQLite would replay it into the next one.
    """
    backup = disk.set_aside(path, lambda number: f"{path.stem}.broken-{number}{path.suffix}")
    name = backup.name if backup else f"{path.stem}.broken-0{path.suffix}"
    for tail in ("-wal", "-shm"):
        beside = path.with_name(path.name + tail)
        if beside.exists():
            beside.replace(path.with_name(name + tail))
    return name


def _make(path: Path, folder: Path, progress: Progress = lambda done, total: None) -> None:
    """Make a database from what lies in ``folder``: an empty one, if the library is new.

    It is given its name when it is whole: a crash before would leave an empty one that looks sound.
    """
    new = path.with_name("library.new.db")
    for tail in ("", "-wal", "-shm"):
        new.with_name(new.name + tail).unlink(missing_ok=True)
    database = Database(new, read_only=False)
    try:
        with database.exclusive() as connection:
            schema.migrate(connection)
        with database.write("rebuild the library") as connection:
            rebuild(
                connection, ObjectStore(folder), EventLog(folder / "history"), progress=progress
            )
    finally:
        database.close()
    os.replace(new, path)
    disk.sync_folder(path.parent)


def _migrate(database: Database, folder: Path, version: int, reserved_space: ReservedSpace) -> None:
    """Bring an older database up to date, after a copy of it was made and checked."""
    try:
        backup.copy_database(database, folder / "backups" / f"library-format-{version}.db")
        if version < _WITHOUT_BULK:  # files follow when the database is at its new format
            erasure.write_down(folder, erasure.Plan(upgrades=True), reserved_space)
        with database.exclusive() as connection:
            schema.migrate(connection)
    except BaseException:
        database.close()
        raise


def _open_to_read(folder: Path, lock: WriterLock, state: Health) -> Opened:
    """Open the database read-only; if it is damaged, one rebuilt from the files."""
    lock.release()
    if database := _readable(folder / DATABASE):
        database.refusal = state.error()
        return Opened(database, lock, state)
    scratch = PrivateFolder("library")
    try:
        _make(scratch.path / DATABASE, folder)
        database = Database(scratch.path / DATABASE, read_only=True)
        database.refusal = state.error()
    except BaseException:
        scratch.close()
        raise
    return Opened(database, lock, state, scratch=scratch)


def _readable(path: Path) -> Database | None:
    """Return the database that is there if it is sound and of a form this studio can read."""
    if _is_new(path) or not path.is_file():
        return None
    try:
        database = Database(path, read_only=True)
    except StudioError:
        return None
    if not database.problem() and database.value("PRAGMA user_version") >= schema.latest():
        return database
    database.close()
    return None
