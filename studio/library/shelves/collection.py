"""Collections: named sets of artifacts, in order. Own no artifact."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from studio.library.rows import Collection, plain, readable
from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.library.storage.event_log import Event, EventLog
from studio.library.storage.ulid import new_id
from studio.protocol.errors import ErrorCode, StudioError

# Aliases, since ``Collections.list`` hides the builtin from the annotations of its class.
CollectionList = list[Collection]
Events = list[Event]
Ids = list[str]


class Collections:
    """The collections of a library. To see inside one: ``Library.find(collection=id)``."""

    def __init__(self, database: Database, history: EventLog) -> None:
        self._database = database
        self._history = history

    def create(self, title: str) -> Collection:
        """Begin an empty collection."""
        collection = Collection(id=new_id(), created=time.time(), title=title)
        with self._changing() as (connection, events):
            row_writer.insert(connection, collection)
            events.append({"collection": plain(collection)})
        return collection

    def get(self, id: str) -> Collection:
        """Return a collection.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        row = self._database.one("SELECT * FROM collections WHERE id = ?", id)
        if row is None:
            raise StudioError(ErrorCode.NOT_FOUND, "This collection is not in the library.")
        return readable(Collection, row)

    def list(self) -> CollectionList:
        """Return all collections by title."""
        rows = self._database.all("SELECT * FROM collections ORDER BY title COLLATE NOCASE, id")
        return [readable(Collection, row) for row in rows]

    def inside(self, id: str) -> Ids:
        """Return the ids of the artifacts in a collection, in the order they were put in."""
        rows = self._database.all(
            "SELECT artifact FROM collection_items WHERE collection = ? ORDER BY added", id
        )
        return [row[0] for row in rows]

    def having(self, artifact: str) -> CollectionList:
        """Return the collections that an artifact is in, by title."""
        rows = self._database.all(
            "SELECT collections.* FROM collections JOIN collection_items ON collection = id"
            " WHERE artifact = ? ORDER BY title COLLATE NOCASE, id",
            artifact,
        )
        return [readable(Collection, row) for row in rows]

    def rename(self, id: str, title: str) -> Collection:
        """Give a collection another title."""
        collection = Collection(id=id, created=self.get(id).created, title=title)
        with self._changing() as (connection, events):
            row_writer.upsert(connection, collection)
            events.append({"collection": plain(collection)})
        return collection

    def remove(self, id: str) -> None:
        """Forget a collection; its artifacts stay."""
        with self._changing() as (connection, events):
            connection.execute("DELETE FROM collections WHERE id = ?", (id,))
            events.append({"removed": id})

    def put(self, id: str, artifacts: Sequence[str]) -> None:
        """Add artifacts at the end; those that are in it already keep their place."""
        self.get(id)
        with self._changing() as (connection, events):
            put_in(connection, id, artifacts)
            events.append({"put": list(artifacts), "in": id})

    def take(self, id: str, artifacts: Sequence[str]) -> None:
        """Take artifacts out."""
        with self._changing() as (connection, events):
            take_out(connection, id, artifacts)
            events.append({"take": list(artifacts), "from": id})

    @contextmanager
    def _changing(self) -> Iterator[tuple[sqlite3.Connection, Events]]:
        events: Events = []
        with self._database.write("change the collection") as connection:
            yield connection, events
            self._history.append("collections", *events)


def put_in(connection: sqlite3.Connection, id: str, artifacts: Sequence[str]) -> None:
    """Add artifacts to a collection within a transaction."""
    connection.executemany(
        "INSERT OR IGNORE INTO collection_items (collection, artifact, added) VALUES (?1, ?2,"
        " (SELECT coalesce(max(added), 0) + 1 FROM collection_items WHERE collection = ?1))",
        [(id, artifact) for artifact in artifacts],
    )


def take_out(connection: sqlite3.Connection, id: str, artifacts: Sequence[str]) -> None:
    """Take artifacts out of a collection within a transaction."""
    connection.executemany(
        "DELETE FROM collection_items WHERE collection = ? AND artifact = ?",
        [(id, artifact) for artifact in artifacts],
    )
