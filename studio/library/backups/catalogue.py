"""Which backups there are, what each holds, and which libraries a restore set aside. Reads only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from studio.library.upkeep.library_copy import FORMAT, LIBRARY, NOTE, CopyNote
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

PREFIX = "offline-studio-"
SETTINGS = "settings.json"
"""What lies beside the library in a backup: the settings of that time, and in a home."""
SET_ASIDE = "library-replaced-"
"""How the folder of a library is called, in the home, in whose place another one was put."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        folder: The backup, or the library that was set aside.
        made: Seconds since the epoch.
        artifacts, conversations: How many it holds; None where it cannot be read.
        verified: Whether every file of it was verified when it was made.
        damaged: How many files were damaged already.
        automatic: Whether the schedule made it.
        source: Folder of the library it is a copy of; empty where that is not known.
        set_aside: Whether it is a library that a restore replaced.
    """

    folder: Path
    made: float
    artifacts: int | None
    conversations: int | None
    bytes: int
    verified: bool = False
    damaged: int = 0
    automatic: bool = False
    source: str = ""
    set_aside: bool = False

    @property
    def name(self) -> str:
        """Return the name of the backup folder."""
        return self.folder.name

    @property
    def library(self) -> Path:
        """Return the folder of the library in it."""
        return self.folder if self.set_aside else self.folder / LIBRARY

    @property
    def is_whole(self) -> bool:
        """Whether every file of it was right when it was made."""
        return self.verified and not self.damaged


def listed(folder: Path, home: Path | None = None) -> list[Backup]:
    """Return the backups in ``folder``, and those libraries set aside in ``home``, newest first.

    ``folder`` may also be a backup itself. What is neither is passed over.
    """
    inside = [folder, *_folders(folder)]
    backups = [backup for path in inside if (backup := look(path))]
    if home is not None:
        backups += [_set_aside(path) for path in _folders(home) if path.name.startswith(SET_ASIDE)]
    return sorted(backups, key=lambda backup: (backup.made, backup.name), reverse=True)


def look(folder: Path) -> Backup | None:
    """Return the backup that ``folder`` is, None when it is none."""
    try:
        note = msgspec.json.decode(read_regular(folder / NOTE), type=CopyNote)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return _without_note(folder)
    if note.format != FORMAT:
        return None
    return Backup(
        folder=folder,
        made=note.made,
        artifacts=note.artifacts,
        conversations=note.conversations,
        bytes=note.bytes,
        verified=True,
        damaged=len(note.damaged),
        automatic=note.automatic,
        source=note.source,
    )


def find(name: str, folder: Path, home: Path) -> Backup | None:
    """Return the backup of that name, or in the folder of that path; None when there is none."""
    if named := next((backup for backup in listed(folder, home) if backup.name == name), None):
        return named
    path = Path(os.path.expanduser(name))  # Path's own refuses an unknown user
    return look(path.absolute()) if path.is_dir() else None


def missing(name: str) -> StudioError:
    """Return the refusal of a name that no backup has."""
    return StudioError(
        ErrorCode.NOT_FOUND,
        f"There is no backup “{name}”.",
        "`studio library backups` lists those there are.",
    )


def _folders(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(
            path
            for path in folder.iterdir()
            if not path.name.startswith(".") and not path.is_symlink() and path.is_dir()
        )
    except OSError:  # it is gone, or nobody may look into it: no backups
        return


def _without_note(folder: Path) -> Backup | None:
    """Return a copy that was made before copies had notes."""
    database = folder / LIBRARY / "library.db"
    if not database.is_file():
        return None
    artifacts, conversations = _counts(database)
    return Backup(
        folder=folder,
        made=database.stat().st_mtime,
        artifacts=artifacts,
        conversations=conversations,
        bytes=_size(folder),
    )


def _set_aside(folder: Path) -> Backup:
    artifacts, conversations = _counts(folder / "library.db")
    return Backup(
        folder=folder,
        made=folder.stat().st_mtime,
        artifacts=artifacts,
        conversations=conversations,
        bytes=_size(folder),
        set_aside=True,
    )


def _counts(database: Path) -> tuple[int | None, int | None]:
    if not database.is_file():
        return None, None
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as copy:
            artifacts, conversations = (
                copy.execute(f"SELECT count(*) FROM {table} WHERE binned_at IS NULL").fetchone()[0]
                for table in ("artifacts", "conversations")
            )
        return artifacts, conversations
    except sqlite3.DatabaseError:
        return None, None


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat(follow_symlinks=False).st_size if path.is_file() else 0
        except OSError:
            continue
    return total
