"""Tags: words that a person puts on results. The history keeps them, not the sidecars."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.library.storage.event_log import EventLog
from studio.protocol.errors import ErrorCode, StudioError

LONGEST = 60


class Tags:
    """The tags of a library; letters of both cases are the same."""

    def __init__(self, database: Database, history: EventLog) -> None:
        self._database, self._history = database, history

    def add(self, tag: str, artifacts: Sequence[str]) -> str:
        """Put a tag on artifacts; return it as it is written from now on.

        Raises:
            StudioError: ``BAD_INPUT``: it is empty or too long. ``NOT_FOUND``: there is no such
                artifact; none is tagged then.
        """
        tag = self._as_written(tag)
        with self._database.write("change the tags") as connection:
            for id in artifacts:
                if not connection.execute("SELECT 1 FROM artifacts WHERE id = ?", (id,)).fetchone():
                    raise StudioError(
                        ErrorCode.NOT_FOUND, f"There is no item “{id}” in the library."
                    )
                put_on(connection, tag, id)
            self._history.append("artifacts", *({"id": id, "tag": tag} for id in artifacts))
        return tag

    def remove(self, tag: str, artifacts: Sequence[str]) -> None:
        """Take a tag off artifacts."""
        with self._database.write("change the tags", freeing=True) as connection:
            for id in artifacts:
                take_off(connection, tag, id)
            self._history.append("artifacts", *({"id": id, "untag": tag} for id in artifacts))

    def of(self, artifacts: Sequence[str]) -> list[str]:
        """Return the tags that any of these has."""
        rows = self._database.all(
            "SELECT DISTINCT tag FROM artifact_tags"
            f" WHERE artifact IN {row_writer.marks(artifacts)} ORDER BY tag",
            *artifacts,
        )
        return [row[0] for row in rows]

    def all(self) -> dict[str, int]:
        """Return tag → how many results have it, the bin's too."""
        rows = self._database.all("SELECT tag, count(*) FROM artifact_tags GROUP BY tag")
        return {row[0]: row[1] for row in rows}

    def having(self, tag: str) -> list[str]:
        """Return the ids of the artifacts with a tag."""
        rows = self._database.all("SELECT artifact FROM artifact_tags WHERE tag = ?", tag)
        return [row[0] for row in rows]

    def _as_written(self, tag: str) -> str:
        tag = " ".join(tag.replace('"', " ").replace(",", " ").split())
        if not tag or len(tag) > LONGEST:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"A tag has 1 to {LONGEST} characters.",
                "Write a short word, such as “cover”.",
            )
        existing: str | None = self._database.value(
            "SELECT tag FROM artifact_tags WHERE tag = ? LIMIT 1", tag
        )
        return existing or tag


def put_on(connection: sqlite3.Connection, tag: str, artifact: str) -> None:
    """Put a tag on an artifact within a transaction."""
    connection.execute(
        "INSERT OR IGNORE INTO artifact_tags (tag, artifact) VALUES (?, ?)", (tag, artifact)
    )


def take_off(connection: sqlite3.Connection, tag: str, artifact: str) -> None:
    """Take a tag off an artifact within a transaction."""
    connection.execute("DELETE FROM artifact_tags WHERE tag = ? AND artifact = ?", (tag, artifact))
