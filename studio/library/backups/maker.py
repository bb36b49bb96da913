"""Makes a backup, and lets old ones of the schedule go once the new one is verified."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from studio.base import disk
from studio.library.backups import catalogue
from studio.library.backups.catalogue import PREFIX, SETTINGS, Backup
from studio.library.library import Library
from studio.library.upkeep.library_copy import Progress
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

ROOM_UNASKED = 0.25
"""Part of the free room that a backup takes at most while the user has chosen no folder for it."""
_GONE = ".gone"
_HINT = "Free up space there, make it writable, or choose another backup folder in Settings."
_OF_THE_DISK = {ErrorCode.DISK_FULL, ErrorCode.READ_ONLY, ErrorCode.PERMISSION}


def make(
    library: Library,
    folder: Path,
    *,
    chosen: bool = True,
    kept: int = 0,
    progress: Progress = lambda done, total: None,
) -> Backup:
    """Make a dated backup in ``folder``.

    Args:
        chosen: The user has named the folder: it must be there, for a disk that is not connected
            leaves an empty one to write to. Another is made.
        kept: The schedule asks, and keeps so many; 0 for a backup that stays until somebody
            deletes it.

    Raises:
        StudioError: It could not be made; the others are as they were.
    """
    _check_folder(library, folder, chosen)
    for left in folder.glob(f".{PREFIX}*{_GONE}"):
        shutil.rmtree(left, ignore_errors=True)
    mine = [backup for backup in catalogue.listed(folder) if backup.source == _source(library)]
    earlier = next((backup.folder for backup in mine if backup.verified), None)
    if not chosen and earlier is None:
        _check_share(library, folder)
    target = _new_name(folder)
    try:
        library.backup(target, earlier=earlier, automatic=kept > 0, progress=progress)
    except StudioError as error:
        if error.code in _OF_THE_DISK:
            error.hint = _HINT
        raise
    _copy_settings(library, target)
    created = catalogue.look(target)
    assert created is not None, "it was just written"
    if kept and created.is_whole:
        _let_go([backup for backup in mine if backup.automatic], kept)
    return created


def _copy_settings(library: Library, target: Path) -> None:
    """Lay the settings beside the library: saved prompts, projects and presets are in them.

    Raises:
        StudioError: The disk refuses; the library is in the backup all the same.
    """
    mine = library.folder.parent / SETTINGS
    try:
        if mine.exists():
            disk.write_durably(target / SETTINGS, read_regular(mine))
    except OSError as error:
        raise disk.explain(error, "back up the settings", target) from error


def _new_name(folder: Path) -> Path:
    name, number = time.strftime(f"{PREFIX}%Y-%m-%d-%H%M%S"), 2
    target = folder / name
    while target.exists():
        target = folder / f"{name}-{number}"
        number += 1
    return target


def _let_go(old: list[Backup], limit: int) -> None:
    """Delete scheduled backups older than the ``kept - 1`` newest complete ones."""
    whole = [backup for backup in old if backup.is_whole]
    if len(whole) < limit:
        return
    oldest = whole[limit - 2].made if limit > 1 else float("inf")
    for backup in old:
        if backup.made < oldest:
            gone = backup.folder.with_name(f".{backup.name}{_GONE}")
            try:
                os.replace(backup.folder, gone)
            except OSError:  # it stays, as an old backup does no harm; the next time tries again
                continue
            shutil.rmtree(gone, ignore_errors=True)


def _check_folder(library: Library, folder: Path, chosen: bool) -> None:
    home = library.folder.parent
    if chosen and folder.resolve().is_relative_to(home.resolve()):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The backup folder {folder} lies inside the data folder {home}: what destroys one "
            "destroys the other.",
            "Choose a folder elsewhere, best on another disk.",
        )
    if chosen and not folder.is_dir():
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"Could not back up the library: the backup folder {folder} is not there.",
            "Connect its disk, or choose another folder in Settings.",
        )
    try:
        disk.make_folder(folder)
    except OSError as error:
        raise disk.explain(error, "create the backup folder", folder) from error


def _check_share(library: Library, folder: Path) -> None:
    needed, free = library.stats().bytes, disk.free_bytes(folder)
    if needed > ROOM_UNASKED * free:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"The library was not backed up: its {disk.as_size(needed)} would take much of the "
            f"{disk.as_size(free)} that are free on this disk.",
            "Choose a backup folder in Settings, best on another disk.",
        )


def _source(library: Library) -> str:
    return str(library.folder.absolute())
