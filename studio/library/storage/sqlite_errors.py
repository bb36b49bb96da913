"""SQLite's refusals in words. Opens no database, and decides nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError

_VAGUE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
"""What SQLite also says when there is no room for the files beside the database."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def code_of(error: BaseException) -> int:
    """Return the primary result code of an error of SQLite, 0 for others."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file itself is damaged."""
    lost = code_of(error) == sqlite3.SQLITE_ERROR and str(error).startswith("no such table")
    return lost or code_of(error) in _DAMAGED


def damaged(path: Path, problem: str) -> StudioError:
    """Return the sentence for a damaged database."""
    return StudioError(
        ErrorCode.INTERNAL,
        f"The library database {path.name} is damaged.",
        "Restart Offline Studio to rebuild it from your files.",
        f"SQLITE_CORRUPT: {problem}",
    )


def explain(error: sqlite3.Error, doing: str, path: Path) -> StudioError:
    """Return the sentence for an error of SQLite."""
    details = f"{getattr(error, 'sqlite_errorname', '') or type(error).__name__}: {error}"
    code = code_of(error)
    what = f"Could not {doing}"
    if code == sqlite3.SQLITE_FULL or (code in _VAGUE and _no_room(path.parent)):
        return StudioError(
            ErrorCode.DISK_FULL,
            f"{what}: the disk with {path.parent} is full.",
            "Free up disk space or empty the bin, then try again.",
            details,
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StudioError(
            ErrorCode.BUSY,
            f"{what}: another program is using {path.name}.",
            "Close that program or wait for it to finish, then try again.",
            details,
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return StudioError(
            ErrorCode.READ_ONLY,
            f"{what}: {path} cannot be opened or written.",
            "Check the permissions of the file and its folder, or choose another folder with "
            "STUDIO_HOME.",
            details,
        )
    if str(error) == "malformed JSON":
        return StudioError(
            ErrorCode.BAD_INPUT,
            f"{what}: an entry in {path.name} is damaged.",
            "Run “studio library rebuild” to restore it from your files.",
            details,
        )
    return StudioError(
        ErrorCode.INTERNAL,
        f"{what}: the disk with {path.parent} reported “{error}”.",
        "Check the disk, then restart Offline Studio.",
        details,
    )


def _no_room(folder: Path) -> bool:
    try:
        return disk.free_bytes(folder) < 128 << 10
    except OSError:
        return False
