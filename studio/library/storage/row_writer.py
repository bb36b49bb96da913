"""Putting rows into tables: the same code for a save and for a rebuild. No files, no policy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from studio.library.rows import (
    Artifact,
    Collection,
    Conversation,
    JobEntry,
    Message,
    Record,
    Row,
    to_columns,
)

_TABLES: dict[type[Row], str] = {
    Artifact: "artifacts",
    Collection: "collections",
    Conversation: "conversations",
    JobEntry: "jobs",
    Message: "messages",
    Record: "records",
}


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Add a row to its table."""
    columns = to_columns(row)
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    connection.execute(
        f"INSERT INTO {_TABLES[type(row)]} ({names}) VALUES ({marks})", tuple(columns.values())
    )


def upsert(connection: sqlite3.Connection, row: Row) -> None:
    """Add a row, or make the one with its id equal to it."""
    columns = to_columns(row)
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    connection.execute(
        f"INSERT INTO {_TABLES[type(row)]} ({names}) VALUES ({marks})"
        f" ON CONFLICT (id) DO UPDATE SET {changes}",
        tuple(columns.values()),
    )


def link(connection: sqlite3.Connection, child: str, parents: Iterable[str]) -> None:
    """Note what an artifact was made from."""
    connection.executemany(
        "INSERT OR IGNORE INTO artifact_inputs (child, parent) VALUES (?, ?)",
        [(child, parent) for parent in parents],
    )


def marks(values: Iterable[Any]) -> str:
    """Return ``(?, ?, …)`` for an IN of ``values``."""
    return f"({', '.join('?' for _ in values)})"
