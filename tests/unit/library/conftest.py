"""A library in a temporary folder, and looking at all of its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from studio.library import Library
from studio.library.storage import reserved_space

TABLES = {
    "artifacts": "id",
    "artifact_inputs": "child, parent",
    "records": "id",
    "conversations": "id",
    "messages": "id",
    "collections": "id",
    "collection_items": "collection, added",
    "artifact_tags": "tag, artifact",
}


@pytest.fixture(autouse=True)
def _little_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read each file of a library."""
    monkeypatch.setattr(reserved_space, "BALLAST_BYTES", 1 << 16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    library = Library.open(folder)
    yield library
    library.close()


def dump(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Return every row of every table but the job journal, without the row numbers."""
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [
                {name: row[name] for name in row.keys() if name not in ("n", "added")}  # noqa: SIM118
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY {order}")
            ]
            for table, order in TABLES.items()
        }


@pytest.fixture
def rows(folder: Path) -> Callable[[], dict[str, list[dict[str, object]]]]:
    return lambda: dump(folder)
