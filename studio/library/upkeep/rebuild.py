"""Making the database again from sidecars and history: they are the truth, it is their index."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from studio.library.artifacts import SIDECAR_FORMAT
from studio.library.retired_params import modern
from studio.library.rows import (
    Artifact,
    Collection,
    Conversation,
    Message,
    MessageState,
    Record,
    from_plain,
    plain,
    readable,
)
from studio.library.shelves import collection, tags
from studio.library.storage import row_writer, schema
from studio.library.storage.blob_store import INPUT_SUFFIX, ObjectStore, is_sidecar
from studio.library.storage.event_log import UNREADABLE, Event, EventLog
from studio.library.storage.queue_history import QueueHistory
from studio.protocol.regular_file import read_regular

_REBUILT = ("collections", "artifacts", "records", "conversations")
_KINDS = {
    ".png": "image", ".jpg": "image", ".webp": "image", ".svg": "image", ".wav": "audio",
    ".flac": "audio", ".ogg": "audio", ".mid": "score", ".musicxml": "score", ".sdf": "molecules",
    ".smi": "molecules", ".py": "code", ".csv": "table",
    ".plot.json": "plot", ".gif": "video", ".webm": "video", ".mp4": "video",
    ".safetensors": "weights",
}  # fmt: skip
_AS_OTHERS = """
    UPDATE artifacts SET kind = coalesce((
        SELECT kind FROM artifacts AS other WHERE other.suffix = artifacts.suffix
        AND other.id <> artifacts.id GROUP BY kind ORDER BY kind = 'text', count(*) DESC LIMIT 1
    ), kind) WHERE id = ?
"""
"""Of an unknown suffix: what most other files of it are, also where their plugin is gone."""
Progress = Callable[[int, int], None]
"""Told how many results are done, of how many; what it raises ends the work, and undoes it."""
_TELL_EACH = 100
_SETTABLE = frozenset({"title", "starred", "binned_at"})


class Sidecar(msgspec.Struct, frozen=True):
    """What lies beside a payload."""

    format: str
    version: int
    artifact: dict[str, Any]
    record: dict[str, Any] | None = None
    inputs: list[str] = []

    def parse(self) -> tuple[Artifact, Record | None]:
        """Return the rows.

        Raises:
            msgspec.ValidationError: They are not what they say.
        """
        if self.format != SIDECAR_FORMAT:
            raise msgspec.ValidationError(f"not the description file of an item: {self.format}")
        record = modern(from_plain(Record, self.record)) if self.record else None
        return from_plain(Artifact, self.artifact), record


def read_sidecar(data: bytes) -> Sidecar:
    """Return a sidecar.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: It is broken.
    """
    return msgspec.json.decode(data, type=Sidecar)


def described(store: ObjectStore, artifact: Artifact) -> Record | None:
    """Return the record that lies beside an artifact; None where it is lost or damaged."""
    try:
        data = read_regular(store.sidecar_path(artifact.digest, artifact.id))
        return read_sidecar(data).parse()[1]
    except (OSError, *UNREADABLE):  # ``studio library verify`` tells of it
        return None


def rebuild(
    connection: sqlite3.Connection,
    store: ObjectStore,
    history: EventLog,
    kinds: Mapping[str, str] = MappingProxyType({}),
    progress: Progress = lambda done, total: None,
) -> None:
    """Replace all rows but the job journal, within the caller's transaction.

    What is missing in the journal of rows of the queue is added to it.

    ``kinds``: suffix → kind, as plugins declare them. ``progress`` hears of results now and then.
    """
    for table in _REBUILT:
        connection.execute(f"DELETE FROM {table}")
    _records(connection, history)
    _artifacts(connection, store, history, kinds, progress)
    _collections(connection, history)
    for stream in history.streams("conversations/"):
        _conversation(connection, history, stream)
    _queue(connection, QueueHistory(history))
    if not history.is_modern:
        for statement in schema.RECORDS_BY_THEIR_USES:
            connection.execute(statement)


def _queue(connection: sqlite3.Connection, history: QueueHistory) -> None:
    """Bring back the rows of the queue whose journal was lost."""
    ids = {row[0] for row in connection.execute("SELECT id FROM jobs")}
    lost = [entry for entry in history.rows() if entry.id not in ids]
    for entry in lost:
        row_writer.insert(connection, entry)
    if lost and not ids:
        connection.execute("UPDATE queue SET paused = ?", (history.paused,))


def _records(connection: sqlite3.Connection, history: EventLog) -> None:
    for stream in history.streams("records/"):
        for event in history.read(stream):
            record = _parsed(Record, event.get("record"))
            if record is None:
                record = _completed(connection, event)
            if record is not None:
                row_writer.upsert(connection, modern(record))


def _completed(connection: sqlite3.Connection, event: Event) -> Record | None:
    """Return the record with its facts filled in afterwards; None if there is none."""
    id, facts = event.get("id"), event.get("set")
    row = connection.execute("SELECT * FROM records WHERE id = ?", (id,)).fetchone()
    if row is None or not isinstance(facts, dict):
        return None
    record: Record | None = _parsed(Record, {**plain(readable(Record, row)), **facts})
    return record


def _artifacts(
    connection: sqlite3.Connection,
    store: ObjectStore,
    history: EventLog,
    kinds: Mapping[str, str],
    progress: Progress,
) -> None:
    links: list[tuple[str, list[str]]] = []
    unknown: list[str] = []
    sidecars = list(store.sidecars())
    for done, path in enumerate(sidecars):
        if done % _TELL_EACH == 0:
            progress(done, len(sidecars))
        try:
            sidecar = read_sidecar(read_regular(path))
            artifact, record = sidecar.parse()
        except (OSError, *UNREADABLE):
            if salvaged := _salvage(path, {**kinds, **_KINDS}):
                row_writer.upsert(connection, salvaged)
                unknown += [salvaged.id] if salvaged.suffix not in {*kinds, *_KINDS} else []
            continue
        row_writer.upsert(connection, artifact)
        links.append((artifact.id, sidecar.inputs))
        if record and not _known(connection, record.id):
            row_writer.insert(connection, record)
    for id in unknown:
        connection.execute(_AS_OTHERS, (id,))
    for child, parents in links:
        row_writer.link(connection, child, parents)
    for event in history.read("artifacts"):
        _apply_to_artifact(connection, event)


def _salvage(sidecar: Path, kinds: Mapping[str, str]) -> Artifact | None:
    """Return a row for a payload whose sidecar is unreadable; None when there is no payload."""
    digest, id = sidecar.name.split(".")[:2]
    for path in sorted(sidecar.parent.glob(f"{digest}.*")):
        if not is_sidecar(path) and path.suffix != INPUT_SUFFIX:
            suffix = path.name[len(digest) :]
            stat = path.stat()
            return Artifact(
                id=id,
                created=stat.st_mtime,
                kind=kinds.get(suffix, "text"),
                title="Recovered; its settings are unreadable",
                digest=digest,
                bytes=stat.st_size,
                suffix=suffix,
            )
    return None


def _apply_to_artifact(connection: sqlite3.Connection, event: Event) -> None:
    id: Any = event.get("id")
    columns = event.get("set")
    if event.get("erased"):
        connection.execute("DELETE FROM artifacts WHERE id = ?", (id,))
    elif isinstance(tag := event.get("tag"), str):
        if _exists(connection, "artifacts", id):
            tags.put_on(connection, tag, id)
    elif isinstance(tag := event.get("untag"), str):
        tags.take_off(connection, tag, str(id))
    elif isinstance(columns, dict) and columns and columns.keys() <= _SETTABLE:
        changes = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE artifacts SET {changes} WHERE id = ?", (*columns.values(), id))


def _collections(connection: sqlite3.Connection, history: EventLog) -> None:
    for event in history.read("collections"):
        if row := _parsed(Collection, event.get("collection")):
            row_writer.upsert(connection, row)
        elif "removed" in event:
            connection.execute("DELETE FROM collections WHERE id = ?", (event["removed"],))
        elif "put" in event:
            put = [id for id in event["put"] if _exists(connection, "artifacts", id)]
            if _exists(connection, "collections", event.get("in")):
                collection.put_in(connection, event["in"], put)
        elif "take" in event:
            collection.take_out(connection, event["from"], event["take"])


def _conversation(connection: sqlite3.Connection, history: EventLog, stream: str) -> None:
    """Replay one conversation in memory, then store the resulting state."""
    conversation: Conversation | None = None
    messages: dict[str, Message] = {}
    for event in history.read(stream):
        if "erased" in event:
            return
        if row := _parsed(Conversation, event.get("conversation")):
            conversation = row
        elif conversation and isinstance(event.get("set"), dict):
            conversation = msgspec.structs.replace(conversation, **event["set"])
        elif reply := _parsed(Message, event.get("message")):
            messages[reply.id] = reply
        elif "bin" in event:
            for message in (messages[id] for id in event["bin"] if id in messages):
                if message.binned_at == event.get("only"):
                    messages[message.id] = msgspec.structs.replace(
                        message, binned_at=event.get("at")
                    )
    if conversation is None:  # its first line is gone: keep the messages all the same
        conversation = Conversation(
            id=stream.rpartition("/")[2],
            created=time.time(),
            updated=time.time(),
            title="Recovered conversation",
            head=max(messages, default=""),
        )
    if conversation.head not in messages:  # it was erased, and another took its place
        left = (id for id, message in messages.items() if message.binned_at is None)
        head = max(left, default="") if conversation.head else ""
        conversation = msgspec.structs.replace(conversation, head=head)
    row_writer.upsert(connection, conversation)
    for message in sorted(messages.values(), key=lambda message: message.id):
        if message.state is MessageState.PARTIAL:  # whoever wrote it is gone
            message = msgspec.structs.replace(message, state=MessageState.INTERRUPTED)
        row_writer.upsert(connection, message)


def _parsed(kind: Any, data: Any) -> Any:
    """Return ``data`` as a row, or None when it is none: one bad line must not cost the others."""
    if not isinstance(data, dict):
        return None
    try:
        return from_plain(kind, data)
    except msgspec.ValidationError:
        return None


def _known(connection: sqlite3.Connection, record: str) -> bool:
    return _exists(connection, "records", record)


def _exists(connection: sqlite3.Connection, table: str, id: Any) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (id,)).fetchone() is not None
