"""Restore a backup in place of the library, which is set aside and can be restored likewise.

In two steps, so that a crash at any moment leaves one whole library or the other. ``prepare``
copies the backup into the home, verifies the copy, and records the request. ``finish``
renames the folders while nobody has the library open; every start does so first.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from studio.base import disk
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library.backups.catalogue import SET_ASIDE, SETTINGS, Backup
from studio.library.storage.database import Database
from studio.library.storage.writer_lock import WriterLock
from studio.library.upkeep.library_copy import LIBRARY, Progress, copy_library
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

_COPY = "restoring"
_WANTED = "restoring.json"
_LOCK = ".restoring.lock"


class _Wanted(msgspec.Struct, frozen=True):
    """A pending restore: a folder below the home and its source."""

    folder: str
    backup: str
    damaged: int = 0


class Restored(msgspec.Struct, frozen=True):
    """The result of a restore.

    Attributes:
        backup: Name of the backup that is now the library.
        kept: Folder of the previous library; None if there was none.
        damaged: Number of files damaged or missing in the backup, too.
    """

    backup: str
    kept: Path | None
    damaged: int = 0

    def __str__(self) -> str:
        text = f"The library was restored from {self.backup}."
        if self.damaged:
            text += f" Files that are damaged or missing in it: {self.damaged}."
        if self.kept:
            text += f" The library before it was kept as {self.kept.name}."
        return text


def prepare(
    backup: Backup, paths: StudioPaths, progress: Progress = lambda done, total: None
) -> None:
    """Copy ``backup`` into the home and write down that it is wanted; ``finish`` does the rest.

    A library that was set aside is not copied. Nothing is changed when this raises.

    Raises:
        StudioError: The backup cannot be read, or the disk refuses.
    """
    home = paths.home
    with _alone(home):
        _forget(home)
        if backup.set_aside:
            wanted = _Wanted(backup.name, backup.name)
        else:
            damaged = _copy(backup, home / _COPY, progress)
            _copy_settings(backup, home / _COPY)
            wanted = _Wanted(f"{_COPY}/{LIBRARY}", backup.name, damaged)
        try:
            disk.write_durably(home / _WANTED, msgspec.json.encode(wanted))
        except OSError as error:
            raise disk.explain(error, "restore the backup", home) from error


def is_wanted(paths: StudioPaths) -> bool:
    """Whether a restore waits for ``finish``."""
    return (paths.home / _WANTED).exists()


def finish(paths: StudioPaths) -> Restored | None:
    """Complete a prepared restore and return its result; None if none is pending.

    Raises:
        StudioError: Another studio has the library open, or the disk refuses; it stays pending.
    """
    home, library = paths.home, paths.library
    if not is_wanted(paths) and not any(left.exists() for left in _leftovers(home)):
        return None
    with _alone(home):
        wanted = _read(home / _WANTED)
        if wanted is None:
            _forget(home)
            return None
        try:
            previous = _swap(home / wanted.folder, library)
            _bring_settings(home / _COPY / SETTINGS, paths)
        except OSError as error:
            raise disk.explain(error, "restore the backup", home) from error
        _forget(home)
        return Restored(wanted.backup, previous, wanted.damaged)


def finish_in_words(paths: StudioPaths) -> list[str]:
    """Run ``finish``; return messages for the user, including the reason of a failure."""
    try:
        done = finish(paths)
    except StudioError as error:  # the library that is there is opened; the next start tries again
        return [str(error)]
    return [str(done)] if done else []


def _copy(backup: Backup, target: Path, progress: Progress) -> int:
    """Copy all readable files, and return the number of damaged or missing files.

    Raises:
        StudioError: There is no sound database in it, or the disk refuses.
    """
    try:
        source = Database(backup.library / "library.db", read_only=True)
    except StudioError as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The backup {backup.name} is damaged: its database cannot be read.",
            "Restore another one.",
            error.details,
        ) from error
    try:
        if problem := source.problem():
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"The backup {backup.name} is damaged ({problem}).",
                "Restore another one.",
            )
        return len(copy_library(source, backup.library, target, progress=progress).damaged)
    finally:
        source.close()


def _copy_settings(backup: Backup, target: Path) -> None:
    """Copy the settings of a backup that has any: an old one has none."""
    theirs = backup.library.parent / SETTINGS
    try:
        if theirs.exists():
            disk.write_durably(target / SETTINGS, read_regular(theirs))
    except OSError as error:
        raise disk.explain(error, "restore the settings", target) from error


def _bring_settings(copy: Path, paths: StudioPaths) -> None:
    """Add plugin settings from a backup that are missing now; current settings take precedence."""
    if not copy.is_file():
        return
    theirs, mine = Settings(copy), Settings(paths.settings)
    for key in (*theirs.keys("plugins."), *theirs.keys("tools.")):
        if not mine.is_set(key):
            mine.set(key, theirs.get(key, None))


def _swap(source: Path, library: Path) -> Path | None:
    """Move ``source`` into the place of ``library``; return the new path of the old library."""
    previous = None
    if source.is_dir():
        with _unused(library):
            if library.exists() or library.is_symlink():
                previous = _free_name(library)
                os.replace(library, previous)
                disk.remove(previous / "ballast")  # nobody works in it now
            os.replace(source, library)
            disk.sync_folder(library.parent)
    return previous


def _free_name(library: Path) -> Path:
    name, number = time.strftime(f"{SET_ASIDE}%Y-%m-%d-%H%M%S"), 2
    path = library.with_name(name)
    while path.exists():
        path = library.with_name(f"{name}-{number}")
        number += 1
    return path


@contextmanager
def _unused(library: Path) -> Iterator[None]:
    """Hold the library's lock, if it is whole enough to have one.

    Raises:
        StudioError: Another studio has it.
    """
    lock = WriterLock(library / "lock")
    try:
        is_ours = lock.acquire()
    except OSError:  # a library without a folder that can be written to is open nowhere
        is_ours = True
    if not is_ours:
        who = f" (process {pid})" if (pid := lock.holder()) else ""
        raise StudioError(
            ErrorCode.BUSY,
            f"Another copy of Offline Studio{who} is using the library.",
            "Close it; the backup is put in place at the next start.",
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one process restore at a time; its death lets go."""
    lock = WriterLock(home / _LOCK)
    try:
        is_ours = lock.acquire()
    except OSError as error:
        raise disk.explain(error, "restore the backup", home) from error
    if not is_ours:
        raise StudioError(
            ErrorCode.BUSY, "Another copy of Offline Studio is restoring a backup.", "Wait for it."
        )
    try:
        yield
    finally:
        lock.release()


def _forget(home: Path) -> None:
    """Drop what an earlier restore left, the wish first: without it the rest means nothing."""
    disk.remove(home / _WANTED)
    disk.sync_folder(home)
    for left in _leftovers(home):
        shutil.rmtree(left, ignore_errors=True)


def _leftovers(home: Path) -> tuple[Path, Path]:
    return home / _COPY, home / f".{_COPY}.part"


def _read(path: Path) -> _Wanted | None:
    """Return the pending restore, a folder name below the home; None if the file is damaged."""
    try:
        wanted = msgspec.json.decode(read_regular(path), type=_Wanted)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    is_known = wanted.folder == f"{_COPY}/{LIBRARY}" or (
        wanted.folder.startswith(SET_ASIDE) and "/" not in wanted.folder
    )
    return wanted if is_known else None
