"""Looking whether everything the library lists is there and whole. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from studio.library.leftovers import Leftovers, messages_in
from studio.library.rows import (
    Artifact,
    Conversation,
    JobEntry,
    Message,
    Record,
    Row,
    is_damaged,
    readable,
)
from studio.library.storage.blob_store import ObjectStore, digest_of
from studio.library.storage.database import Database
from studio.library.storage.event_log import UNREADABLE, EventLog
from studio.library.upkeep.rebuild import read_sidecar
from studio.protocol.regular_file import read_regular

Progress = Callable[[int, int], None]
_TABLES: dict[type[Row], str] = {
    Artifact: "artifacts",
    Record: "records",
    Conversation: "conversations",
    Message: "messages",
    JobEntry: "jobs",
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of a check-up.

    Attributes:
        checked: Number of artifacts checked.
        database: Errors reported by the database; empty if none.
        missing: Ids of artifacts whose payload is not there.
        damaged: Ids of artifacts whose payload has changed since it was saved.
        sidecars: Ids of artifacts whose sidecar is missing or cannot be read.
        dangling: Ids of artifacts whose record is not in the library.
        unlisted: Payload files with a sidecar that no artifact lists: their rows are gone.
        orphans: Payload files without one that no artifact lists.
        history: Files of the history that are damaged, or are missing.
        rows: Ids of things whose entry in the database is damaged.
        outlook: What the next start will do, other than open the database.
        left: Leftovers of erased items, in words: files, and ids of rows.
        broken: Damaged databases that were set aside; they may contain erased data.
    """

    checked: int = 0
    database: str = ""
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    sidecars: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    outlook: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is known to be lost."""
        lost = self.missing, self.damaged, self.sidecars, self.dangling, self.unlisted, self.left
        return not any((self.database, *lost, self.history, self.rows, self.outlook))

    def sentences(self) -> Iterator[str]:
        """Yield the findings as sentences."""
        yield from self.outlook
        if self.database and not self.outlook:
            yield (
                f"The database is damaged ({self.database}); it will be rebuilt at the next start."
            )
        for ids, what in (
            (self.missing, "file is missing"),
            (self.damaged, "file has changed since it was saved"),
            (self.sidecars, "description file is missing or unreadable"),
            (self.dangling, "record is missing"),
            (self.rows, "entry in the database is damaged; “studio library rebuild” restores it"),
        ):
            if ids:
                shown = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
                yield f"{len(ids)} item{'s' * (len(ids) > 1)}: the {what} ({shown})."
        if self.history:
            shown = ", ".join(self.history[:5]) + (", …" if len(self.history) > 5 else "")
            yield (
                f"The history is damaged or incomplete ({shown}). The library works, but a rebuild"
                " would miss what was in it; back up the library."
            )
        if self.unlisted:
            count = f"{len(self.unlisted)} results are" if len(self.unlisted) > 1 else "1 result is"
            yield f"{count} not listed any more; “studio library rebuild” lists all files again."
        if self.left:
            shown = ", ".join(self.left[:5]) + (", …" if len(self.left) > 5 else "")
            yield (
                f"Traces of erased items: {len(self.left)} ({shown})."
                " Run “studio library erase --left --yes” to delete them."
            )
        if self.broken:
            yield (
                f"A damaged database was kept ({', '.join(self.broken)}); it may contain what was"
                " erased since. Run “studio library erase --left --yes” to delete it."
            )
        if self.orphans:
            number = len(self.orphans)
            shown = ", ".join(self.orphans[:5]) + (", …" if number > 5 else "")
            files, are = ("1 file", "is") if number == 1 else (f"{number} files", "are")
            yield (
                f"{files} in the library {are} listed nowhere ({shown}): left over, or results "
                "whose entry and description are lost. Look before you delete any."
            )
        if self.ok:
            yield f"All {self.checked} items are present and unchanged."


def check(
    database: Database,
    store: ObjectStore,
    history: EventLog,
    left: Leftovers,
    outlook: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Report:
    """Hash every payload and read every sidecar.

    Args:
        left: What was found of things that were erased.
        outlook: What the next start will find.
        progress: Called with artifacts done and their total.
    """
    problems: dict[str, list[str]] = {name: [] for name in ("missing", "damaged", "sidecars")}
    listed = set()
    rows = database.all("SELECT * FROM artifacts ORDER BY id")
    for done, row in enumerate(rows):
        artifact = readable(Artifact, row)
        listed.add(store.path(artifact.digest, artifact.suffix).name)
        if artifact.preview:
            listed.add(store.path(artifact.preview, ".png").name)
        for problem in _problems(store, artifact):
            problems[problem].append(artifact.id)
        if progress:
            progress(done + 1, len(rows))
    dangling = database.all(
        "SELECT id FROM artifacts WHERE record <> '' AND record NOT IN (SELECT id FROM records)"
    )
    alone = [path.name for path in store.payloads() if path.name not in listed]
    digests = {path.name.partition(".")[0] for path in store.sidecars()}
    return Report(
        checked=len(rows),
        database=database.problem(),
        dangling=tuple(row[0] for row in dangling),
        unlisted=tuple(name for name in alone if name.partition(".")[0] in digests),
        orphans=tuple(name for name in alone if name.partition(".")[0] not in digests),
        history=tuple(_history(database, history)),
        rows=tuple(_damaged_rows(database)),
        outlook=outlook,
        left=tuple(left.names()),
        broken=tuple(path.name for path in left.broken),
        **{name: tuple(ids) for name, ids in problems.items()},
    )


def _history(database: Database, history: EventLog) -> Iterator[str]:
    """Yield the files that are damaged, or lack a message that the database has."""
    damaged = history.damaged()
    yield from damaged
    for (id,) in database.all("SELECT id FROM conversations ORDER BY id"):
        stream = f"conversations/{id}"
        rows = database.all("SELECT id FROM messages WHERE conversation = ?", id)
        recorded = messages_in(history, id)
        is_whole = history.has(stream) and all(message in recorded for (message,) in rows)
        if not is_whole and f"{stream}.jsonl" not in damaged:
            yield f"{stream}.jsonl"


def _damaged_rows(database: Database) -> Iterator[str]:
    for kind, table in _TABLES.items():
        for row in database.all(f"SELECT * FROM {table} ORDER BY id"):
            if is_damaged(kind, row):
                yield row["id"]


def _problems(store: ObjectStore, artifact: Artifact) -> Iterator[str]:
    payload = store.path(artifact.digest, artifact.suffix)
    try:
        if digest_of(payload) != artifact.digest:
            yield "damaged"
    except FileNotFoundError:
        yield "missing"
    except OSError:
        yield "damaged"
    try:
        read_sidecar(read_regular(store.sidecar_path(artifact.digest, artifact.id))).parse()
    except (OSError, *UNREADABLE):
        yield "sidecars"
