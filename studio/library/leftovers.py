"""Leftovers of erased items: orphaned rows, lines and files. Deletes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from studio.library.erasure import ERASED, Doomed, Plan, digests_in_use, written_down
from studio.library.prompt_cache_files import Traces
from studio.library.storage import text_journal
from studio.library.storage.blob_store import ObjectStore
from studio.library.storage.database import Database
from studio.library.storage.event_log import EventLog

_IN_BACKUPS = ("conversations", "artifacts", "messages")
_OF_PLUGINS = "cache/plugins/"
_DAMAGED_RECORDS = """
    SELECT EXISTS (SELECT 1 FROM records WHERE NOT json_valid(inputs) OR NOT json_valid(files))
"""
"""What was handed to their jobs is not known until they are rebuilt."""
_UNUSED = "SELECT 1 FROM artifacts WHERE record = ?1 UNION SELECT 1 FROM messages WHERE record = ?1"


class Leftovers(msgspec.Struct, frozen=True, kw_only=True):
    """The leftovers of erased items.

    Attributes:
        pending: Whether an erasure is in progress, or was when the studio ended.
        records: Ids of records whose conversation or artifact is gone.
        conversations: Ids of conversations that only a history or a backup knows.
        artifacts: Ids of artifacts that only a backup knows.
        messages: Ids of messages that only a reply in progress, a history or a backup knows.
        trimmed: Conversations whose history knows some of them.
        lines: Names of histories with lines of records that are gone.
        inputs: Digests of inputs that no record has.
        caches: Files beside the library that are older than the last erasure.
        broken: Databases that were set aside; their content is unknown.
    """

    pending: bool = False
    records: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    trimmed: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    broken: tuple[Path, ...] = ()

    def names(self) -> Iterator[str]:
        """Yield each in words, but for databases that were put aside."""
        if self.pending:
            yield "what the next start ends"
        for what, names in (
            ("record", self.records),
            ("conversation", self.conversations),
            ("artifact", self.artifacts),
            ("message", self.messages),
            ("history", self.lines),
            ("input", self.inputs),
            ("file", self.caches),
        ):
            yield from (f"{what} {name}" for name in names)

    def plan(self) -> Plan:
        """Return how to erase it, the databases that were put aside excepted."""
        return Plan(
            artifacts=[Doomed(id, "", "", "", "") for id in self.artifacts],
            conversations=list(self.conversations),
            messages=list(self.messages),
            trimmed=list(self.trimmed),
            plugins=[name.split("/")[2] for name in self.caches if name.startswith(_OF_PLUGINS)],
            records=list(self.records),
            inputs=list(self.inputs),
            upgrades=True,  # which makes each history what the database lists
        )


def find_leftovers(
    database: Database,
    store: ObjectStore,
    history: EventLog,
    folder: Path,
    traces: Traces | None = None,
) -> Leftovers:
    """Look for what nothing lists any more."""
    erased, moments = _erased(history)
    for table in ("records", *_IN_BACKUPS):
        erased -= _ids(database, table)
    mentioned = {id: messages_in(history, id) & erased for id in _ids(database, "conversations")}
    is_known = not database.value(_DAMAGED_RECORDS)
    used = digests_in_use(database) if is_known else set()
    talks = {stream.rpartition("/")[2] for stream in history.streams("conversations/")}
    backups = [_rows_of(path) for path in sorted((folder / "backups").glob("library-*.db"))]
    partial = {id for id, _, _ in text_journal.left_behind(folder / "journals")}
    return Leftovers(
        pending=(plan := written_down(folder)) is not None and not plan.upgrades,
        records=tuple(sorted(_unused_records(database, history))),
        conversations=tuple(
            sorted(erased & talks.union(*(backup["conversations"] for backup in backups)))
        ),
        artifacts=tuple(sorted(erased & set().union(*(backup["artifacts"] for backup in backups)))),
        messages=tuple(
            sorted(
                (partial - _ids(database, "messages"))
                | (erased & set().union(*(backup["messages"] for backup in backups)))
                | set().union(*mentioned.values())
            )
        ),
        trimmed=tuple(sorted(id for id, messages in mentioned.items() if messages)),
        lines=tuple(
            stream
            for stream in history.streams("records/")
            if _records_in(history, stream) & erased
        ),
        inputs=tuple(
            sorted(path.stem for path in store.inputs() if is_known and path.stem not in used)
        ),
        caches=tuple(sorted(path.as_posix() for path in traces.left(moments))) if traces else (),
        broken=tuple(sorted(folder.glob("library.broken-*.db*"))),
    )


def _erased(history: EventLog) -> tuple[set[str], dict[str, float]]:
    """Return the ids of erased items, and when: plugin → moment, ``""`` for the last of all."""
    events = list(history.read(ERASED))
    artifacts = (event for event in history.read("artifacts") if event.get("erased"))
    moments: dict[str, float] = {}
    for event in events:
        if isinstance(at := event.get("at"), float):
            moments |= {str(plugin): at for plugin in ("", *event.get("caches", ()))}
    return {str(event["id"]) for event in (*events, *artifacts) if "id" in event}, moments


def messages_in(history: EventLog, conversation: str) -> set[str]:
    """Return the ids of the messages that the history of a conversation has."""
    events = history.read(f"conversations/{conversation}")
    messages = (event.get("message") for event in events)
    return {str(message.get("id")) for message in messages if isinstance(message, dict)}


def _ids(database: Database, table: str) -> set[str]:
    return {row[0] for row in database.all(f"SELECT id FROM {table}")}


def _unused_records(database: Database, history: EventLog) -> Iterator[str]:
    for row in database.all(
        "SELECT id FROM records WHERE conversation <> ''"
        " AND conversation NOT IN (SELECT id FROM conversations)"
        " AND id NOT IN (SELECT record FROM artifacts)"
    ):
        yield row[0]
    for event in history.read("artifacts"):
        record = event.get("record") if event.get("erased") else None
        there = record and database.one("SELECT 1 FROM records WHERE id = ?", record)
        if there and database.one(_UNUSED, record) is None:
            yield str(record)


def _records_in(history: EventLog, stream: str) -> set[str]:
    records = (event.get("record") for event in history.read(stream))
    return {str(record.get("id")) for record in records if isinstance(record, dict)}


def _rows_of(path: Path) -> dict[str, set[str]]:
    """Return the ids of a backup; none where it cannot be read."""
    ids: dict[str, set[str]] = {table: set() for table in _IN_BACKUPS}
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as copy:
            for table in ids:
                ids[table] = {row[0] for row in copy.execute(f"SELECT id FROM {table}")}
    except sqlite3.DatabaseError:
        return {table: set() for table in _IN_BACKUPS}
    return ids
