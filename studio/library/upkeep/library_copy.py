"""A copy of a whole library, which is a home: verified to the last byte before it has its name.

A file that an earlier backup in the same place has is not written again but gets a second name
there. The library itself never shares a file with a backup: what spoils one must not spoil both.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec

from studio.base import disk
from studio.library.storage import blob_store, schema
from studio.library.storage.blob_store import INPUT_SUFFIX
from studio.library.storage.database import Database
from studio.library.storage.writer_lock import WriterLock
from studio.library.upkeep.backup import copy_database
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_regular

NOTE = "backup.json"
"""What lies beside the library in a backup that is whole; see ``CopyNote``."""
FORMAT = "offline-studio-backup"
LIBRARY = "library"
_UNDER_WAY = "under-way-{}.txt"
_CHUNK = 1 << 20
_SPARE = 64 << 20
"""Bytes that a backup leaves free."""
_TRIES = 3
"""So often a copy is begun anew because something was erased meanwhile."""
_FILES = """
    SELECT digest, digest || suffix FROM artifacts
    UNION SELECT digest, digest || '.' || id || '.json' FROM artifacts
    UNION SELECT preview, preview || '.png' FROM artifacts WHERE preview <> ''
"""

Progress = Callable[[int, int], None]
"""Called with files done and their total, also within large ones; what it raises ends the copy."""


class CopyNote(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a backup.

    Attributes:
        source: Folder of the library it is a copy of.
        made: Seconds since the epoch.
        bytes: Of all files; ``written`` of those that no earlier backup had.
        damaged: Names of files that were damaged or missing in the library, and in no backup.
        automatic: Whether it was made by the schedule, which deletes old ones.
    """

    source: str
    made: float
    artifacts: int
    conversations: int
    bytes: int
    written: int
    damaged: tuple[str, ...] = ()
    automatic: bool = False
    format: str = FORMAT
    version: int = 1


def copy_library(
    database: Database,
    source: Path,
    target: Path,
    *,
    earlier: Path | None = None,
    automatic: bool = False,
    progress: Progress = lambda done, total: None,
    notes: Path | None = None,
) -> CopyNote:
    """Copy database, files and history to ``target/library``, whole or not at all.

    Args:
        database: Of the library in the folder ``source``.
        earlier: A backup on the same disk that may have most of the files.
        notes: A folder that remembers where copies are under way, for ``sweep``.

    Raises:
        StudioError: ``target`` is in the way or inside ``source``, the disk refuses, or the copy is
            not sound.
    """
    _check_target(source, target)
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with _noted(part, notes):
        try:
            copy = _Copy(database, source, part / LIBRARY, earlier, progress)
            copy.make()
            note = copy.note(automatic)
            _open(part / LIBRARY, note)
            disk.write_durably(part / NOTE, msgspec.json.format(msgspec.json.encode(note)))
            for folder, _, _ in os.walk(part):
                disk.sync_folder(Path(folder))
            if target.exists():
                target.rmdir()
            os.replace(part, target)
            disk.sync_folder(target.parent)
        except OSError as error:
            raise disk.explain(error, "back up the library", target) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return note


class _Copy:
    """One copy in the making.

    Attributes:
        damaged: Names of files that are not as their names say.
    """

    def __init__(
        self,
        database: Database,
        source: Path,
        target: Path,
        earlier: Path | None,
        progress: Progress,
    ) -> None:
        self._database, self._source, self._target = database, source, target
        self._earlier = earlier / LIBRARY if earlier else None
        self._progress = progress
        self._written = 0
        self._path = target / database.path.name
        self.damaged: list[str] = []

    def make(self) -> None:
        """Copy and verify, once more when something was erased meanwhile.

        Raises:
            OSError, StudioError: The disk refused.
        """
        for _ in range(_TRIES):
            copy_database(self._database, self._path)
            self.copy_files(wanted := self._wanted())
            listed = {row[1] for row in self._database.all(_FILES)}
            erased = [name for name in self.damaged if name not in listed]
            if not any(not name.endswith(INPUT_SUFFIX) for name in erased):
                break
        self._drop_all_but({name for _, name in wanted})
        if (history := self._source / "history").exists():
            shutil.copytree(history, self._target / "history")
            for path in (self._target / "history").rglob("*.jsonl"):
                with path.open("rb+") as file:
                    disk.sync_file(file.fileno())

    def note(self, automatic: bool) -> CopyNote:
        """Return the note on the copy's contents."""
        with closing(_read(self._path)) as copy:
            artifacts, conversations = (
                copy.execute(f"SELECT count(*) FROM {table} WHERE binned_at IS NULL").fetchone()[0]
                for table in ("artifacts", "conversations")
            )
        return CopyNote(
            source=str(self._source.absolute()),
            made=time.time(),
            artifacts=artifacts,
            conversations=conversations,
            bytes=sum(path.stat().st_size for path in self._target.rglob("*") if path.is_file()),
            written=self._written,
            damaged=tuple(self.damaged),
            automatic=automatic,
        )

    def _wanted(self) -> list[tuple[str, str]]:
        """Return (digest, name) of each file that the copy of the database lists, and of inputs."""
        with closing(_read(self._path)) as copy:
            wanted = {(str(digest), str(name)) for digest, name in copy.execute(_FILES)}
        inputs = (self._source / "objects").glob(f"??/*{INPUT_SUFFIX}")
        return sorted(wanted | {(path.stem, path.name) for path in inputs})

    def copy_files(self, wanted: list[tuple[str, str]]) -> None:
        """Copy the missing files, and verify them."""
        self._check_room(wanted)
        self.damaged = []
        for done, (digest, name) in enumerate(wanted):
            self._step: Callable[[], None] = partial(self._progress, done, len(wanted))
            self._step()
            if not self._copy_file(digest, name):
                self.damaged.append(name)
        self._progress(len(wanted), len(wanted))

    def _copy_file(self, digest: str, name: str) -> bool:
        """Return whether the copy is intact; damaged files are copied as well."""
        place = Path("objects", digest[:2], name)
        source, copy = self._source / place, self._target / place
        old = self._earlier / place if self._earlier else None
        if copy.exists():  # in the try before
            return True
        disk.make_folder(copy.parent)
        if old and _linked(old, copy):
            if self._is_right(copy, digest, source):
                return True
            copy.unlink()
        self._copy_bytes(source, copy)
        return self._is_right(copy, digest, source)

    def _copy_bytes(self, source: Path, copy: Path) -> None:
        """Write the readable part of ``source``; nothing if it is not a file."""
        try:
            file = open_regular(source)
        except OSError:
            return
        with file, copy.open("xb", buffering=0) as out:
            if not disk.clone(file.fileno(), out.fileno()):
                while chunk := _readable(file.read):
                    disk.write_all(out.fileno(), chunk)
                    self._step()
            disk.sync_file(out.fileno())
            disk.forget_cached(out.fileno())  # so that it is the disk which is verified
            self._written += os.fstat(out.fileno()).st_size

    def _is_right(self, copy: Path, digest: str, source: Path) -> bool:
        """Whether a payload has its digest; whether a sidecar is that of the library, if any."""
        with suppress(OSError):
            if not blob_store.is_sidecar(copy):
                return blob_store.digest_of(copy, self._step) == digest
            data = read_regular(copy)
            with suppress(FileNotFoundError):
                return data == read_regular(source)
            return bool(data)
        return False

    def _check_room(self, wanted: list[tuple[str, str]]) -> None:
        needed = 0
        for digest, name in wanted:
            place = Path("objects", digest[:2], name)
            if self._earlier and (self._earlier / place).exists():
                continue
            with suppress(OSError):
                needed += (self._source / place).stat().st_size
        folder = self._target.parent
        free = disk.free_bytes(folder)
        if free < needed + _SPARE:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"Not enough space to back up the library: {disk.as_size(free)} free in "
                f"{folder.parent}, {disk.as_size(needed + _SPARE)} needed.",
                "Free up disk space, or choose a folder on another disk.",
            )

    def _drop_all_but(self, names: set[str]) -> None:
        """Leave nothing that was erased after the try before."""
        for path in (self._target / "objects").glob("??/*"):
            if path.name not in names:
                path.unlink()


def sweep(folder: Path, *, alone: bool = False) -> None:
    """Delete what backups left that were cut short; ``folder`` holds the notes of where they went.

    Args:
        alone: Nobody else copies the database now: a part of such a copy is left over, too.
    """
    for note in folder.glob(_UNDER_WAY.format("*")):
        if WriterLock(note).is_held():
            continue
        with suppress(OSError, UnicodeDecodeError):
            part = Path(words := read_regular(note).decode("utf-8"))
            if not words:  # its owner is about to lock it
                continue
            if part.name.startswith(".") and part.name.endswith(".part") and not part.is_symlink():
                shutil.rmtree(part, ignore_errors=True)
        disk.remove(note)
    for part in folder.glob(".library-*.part") if alone else ():
        disk.remove(part)


def _check_target(source: Path, target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudioError(ErrorCode.BAD_INPUT, f"{target} already exists.", "Choose a new folder.")
    if target.resolve().is_relative_to(source.resolve()):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"A backup cannot lie inside the library itself ({source}).",
            "Choose a folder elsewhere, best on another disk.",
        )


@contextmanager
def _noted(part: Path, notes: Path | None) -> Iterator[None]:
    """Keep a note of where a copy is under way."""
    if notes is None:
        yield
        return
    sweep(notes)
    note = notes / _UNDER_WAY.format(secrets.token_hex(8))
    lock = WriterLock(note)
    try:
        with suppress(OSError):  # a library on a disk that cannot be written is copied, too
            disk.make_folder(notes)
            if lock.acquire():
                note.write_text(str(part.absolute()), "utf-8")
        yield
    finally:
        lock.release()
        with suppress(OSError):
            disk.remove(note)


def _open(folder: Path, note: CopyNote) -> None:
    """Open the copy as the next studio would, and see whether all is listed.

    Raises:
        StudioError: It is not sound.
    """
    database = Database(folder / "library.db", read_only=True)
    try:
        problem = database.problem()
        if not problem and database.value("PRAGMA user_version") != schema.latest():
            problem = "it is of another format"
        count = database.value("SELECT count(*) FROM artifacts WHERE binned_at IS NULL")
        if not problem and count != note.artifacts:
            problem = f"{count} of {note.artifacts} results are listed"
    finally:
        database.close()
    if problem:
        raise StudioError(ErrorCode.INTERNAL, f"The backup copy is not sound: {problem}.")


def _read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)


def _linked(old: Path, copy: Path) -> bool:
    """Give a file of an earlier backup a second name; not every disk can."""
    if old.is_symlink():
        return False
    try:
        os.link(old, copy)
    except OSError:
        return False
    return True


def _readable(read: Callable[[int], bytes]) -> bytes:
    """Return the next bytes, none where the disk cannot read on: that file is damaged."""
    try:
        return read(_CHUNK)
    except OSError:
        return b""


def damage_in_words(target: Path, damaged: int) -> StudioError | None:
    """Return the sentence for a backup that lacks files; None when none is ``damaged``."""
    if not damaged:
        return None
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"The backup was written to {target}, but {damaged} library files are damaged or missing.",
        "Run “studio library verify” to list them.",
    )
