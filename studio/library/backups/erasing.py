"""Results that were erased and are in backups still: which those are, and to erase them there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

import msgspec

from studio.base import disk
from studio.library.backups.catalogue import Backup
from studio.library.library import Library
from studio.library.upkeep.library_copy import NOTE, CopyNote
from studio.protocol.regular_file import read_regular

_TABLES = ("artifacts", "conversations", "records")


class Holding(NamedTuple):
    """A backup, and which ids it has; ``ids`` is None where that cannot be read."""

    backup: Backup
    ids: tuple[str, ...] | None


def holding(backups: Iterable[Backup], ids: Sequence[str]) -> list[Holding]:
    """Return the backups that have something of ``ids``, or cannot be read. Changes nothing."""
    looked = [Holding(backup, _held(backup, ids)) for backup in backups]
    return [entry for entry in looked if entry.ids is None or entry.ids]


def erase(holding: Holding) -> int:
    """Erase the contents of a backup; return the bytes freed.

    Raises:
        StudioError: It is of another version, a studio has it open, or a disk refused.
    """
    backup = holding.backup
    with Library.open(backup.library) as library:
        freed = library.erase(holding.ids or ())
        artifacts = len(library.find(limit=-1))
        conversations = len(library.conversations.list(limit=-1))
    try:
        disk.remove(backup.library / "ballast")  # a backup needs no room to work in
        _count(backup, artifacts, conversations)
    except OSError as error:
        raise disk.explain(error, "erase in the backup", backup.folder) from error
    return freed


def _held(backup: Backup, ids: Sequence[str]) -> tuple[str, ...] | None:
    file = backup.library / "library.db"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return tuple(
                id
                for id in ids
                if any(
                    database.execute(f"SELECT 1 FROM {table} WHERE id = ?", (id,)).fetchone()
                    for table in _TABLES
                )
            )
    except sqlite3.Error:
        return None


def _count(backup: Backup, artifacts: int, conversations: int) -> None:
    """Update the note of a backup with its current counts."""
    if not backup.verified:  # it has no note
        return
    path = backup.folder / NOTE
    size = sum(file.stat().st_size for file in backup.library.rglob("*") if file.is_file())
    note = msgspec.json.decode(read_regular(path), type=CopyNote)
    note = msgspec.structs.replace(
        note, artifacts=artifacts, conversations=conversations, bytes=size
    )
    disk.write_durably(path, msgspec.json.format(msgspec.json.encode(note)))
