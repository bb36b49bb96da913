"""What was handed to jobs, by digest: kept while they wait, and as long as what they made."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.core.library.rows import Record
from studio.core.library.storage.blob_store import ObjectStore
from studio.core.library.storage.database import Database
from studio.protocol.errors import ErrorCode, StudioError

DAY = 24 * 3600.0

_IN_USE = """(
    records.id IN (SELECT record FROM artifacts WHERE record <> '')
    OR records.id IN (SELECT record FROM messages WHERE record <> '')
    OR records.id IN (SELECT record FROM jobs WHERE request IS NOT NULL)
)"""
"""The record made something, or its job may yet run."""


class KeptInputs:
    """The inputs of a library, each a file of the store with the digest that records name."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    def keep(self, inputs: Mapping[str, Any]) -> None:
        """Keep digest → bytes or buffer, durably.

        Raises:
            StudioError: The disk refused.
        """
        with self._database.guard("save the result"):
            for digest, data in inputs.items():
                self._store.add_input(digest, data)

    def of(self, record: Record) -> dict[str, bytes]:
        """Return what was handed to the job of a record, by name.

        Raises:
            StudioError: ``NOT_FOUND``: it was not kept, or was erased since.
        """
        self.check(record)
        found = {name: self._store.find(digest) for name, digest in record.inputs.items()}
        with self._database.guard("read the library"):
            return {name: path.read_bytes() for name, path in found.items() if path is not None}

    def check(self, record: Record) -> None:
        """Make sure that all that was handed to the job of a record is there.

        Raises:
            StudioError: ``NOT_FOUND``: it was not kept, or was erased since.
        """
        missing = [name for name, digest in record.inputs.items() if not self._store.find(digest)]
        if missing:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"This cannot be run: what it is made from ({', '.join(missing)}) is not in the "
                "library.",
                "It was not kept, or was erased since. Start from the page instead.",
            )

    def payload(self, digest: str, suffix: str) -> Path | None:
        """Return a result with these bytes and this suffix; None if there is none."""
        found = self._store.path(digest, suffix.lower()) if suffix else None
        return found if found and found.is_file() else None

    def release(self, record: str) -> int:
        """Delete what was handed to a job that made nothing and runs no more; return the bytes."""
        return self._release("records.id = ?1", record)

    def sweep(self) -> int:
        """Delete what a crash left: as ``release``, for all records older than a day."""
        return self._release("records.created < ?1", time.time() - DAY)

    def _release(self, which: str, value: str | float) -> int:
        unused = f"inputs <> '{{}}' AND {which} AND NOT {_IN_USE}"
        rows = self._database.all(f"SELECT inputs FROM records WHERE {unused}", value)
        digests = {digest for row in rows for digest in json.loads(row["inputs"]).values()}
        if not digests:
            return 0
        used = self._database.all(
            "SELECT DISTINCT value FROM records, json_each(records.inputs)"
            " WHERE value IN (SELECT value FROM json_each(?2))"
            f" AND ({_IN_USE} OR NOT {which})",
            value,
            json.dumps(sorted(digests)),
        )
        return sum(map(self._store.remove_input, sorted(digests - {row[0] for row in used})))
