"""Job inputs, including files picked by the user, by digest.

Stored while the jobs wait, and as long as their results exist.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api.worker.sentence import sentence
from studio.library.rows import Record
from studio.library.storage.blob_store import ObjectStore, digest_of
from studio.library.storage.database import Database
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_result

DAY = 24 * 3600.0
LARGEST_FILE = 64 * 1024**2
"""Bytes of a picked file up to which a copy is kept; of a larger one the digest alone."""

HANDED_IN = """
    SELECT records.id, created, returned, value FROM records, json_each(records.inputs)
    WHERE inputs <> '{}'
    UNION ALL
    SELECT records.id, created, returned, value FROM records, json_each(records.files)
    WHERE files <> '{}'
"""
"""The digests of what was handed to the jobs of all records, and of the files they were shown."""

_IN_USE = """(
    EXISTS (SELECT 1 FROM artifacts WHERE record = made.id AND record <> '')
    OR EXISTS (SELECT 1 FROM messages WHERE record = made.id AND record <> '')
    OR EXISTS (SELECT 1 FROM jobs WHERE record = made.id AND record <> '' AND request NOTNULL)
    OR (made.returned <> '{}' AND made.created > strftime('%s', 'now') - 30 * 86400)
)"""
"""The record made something, or its job may yet run; of a run that returned something and made no
artifact nobody sees that there is anything to erase: a month long."""


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
        """Return the inputs of a record's job, by name.

        Raises:
            StudioError: ``NOT_FOUND``: an input was not stored, or was erased since.
        """
        self.check(record)
        paths = {name: self._store.find(digest) for name, digest in record.inputs.items()}
        with self._database.guard("read the library"):
            return {name: read_result(path) for name, path in paths.items() if path is not None}

    def files(self, record: Record) -> dict[str, Path]:
        """Return the existing input files of a record's job, by name."""
        paths = {name: self._store.find(digest) for name, digest in record.inputs.items()}
        return {name: path for name, path in paths.items() if path is not None}

    def check(self, record: Record) -> None:
        """Make sure that all that was handed to the job of a record is there.

        Raises:
            StudioError: ``NOT_FOUND``: it was not kept, or was erased since.
        """
        missing = [name for name, digest in record.inputs.items() if not self._store.find(digest)]
        if missing:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                sentence(
                    "This cannot be run: what it is made from ({names}) is not in the library.",
                    names=", ".join(missing),
                ),
                sentence("It was not kept, or was erased since. Start from the page instead."),
            )

    def keep_file(self, digest: str, file: Path) -> None:
        """Keep a copy of a file that a person picked, if it is no folder and not too large.

        Nothing is kept of one that is gone by now, or has other contents.

        Raises:
            StudioError: The disk of the library refused.
        """
        if self._store.find(digest):
            return
        try:
            if not file.is_file() or file.stat().st_size > LARGEST_FILE:
                return
            data = read_result(file)
        except OSError:  # the person's own disk: the job itself tells of it
            return
        if hashlib.sha256(data).hexdigest() == digest:
            self.keep({digest: data})

    def file(self, digest: str) -> Path | None:
        """Return a file with these bytes, whoever made it; None if there is none."""
        path = self._store.find(digest)
        return path if path and digest_of(path) == digest else None

    def release(self, record: str) -> int:
        """Delete the inputs of a finished job without results; return the bytes freed."""
        return self._release("id = ?1", record)

    def sweep(self) -> int:
        """Delete leftovers of a crash: as ``release``, for all records older than a day."""
        return self._release("created < ?1", time.time() - DAY)

    def _release(self, which: str, value: str | float) -> int:
        unused = f"{which} AND NOT {_IN_USE}"
        rows = self._database.all(f"SELECT value FROM ({HANDED_IN}) AS made WHERE {unused}", value)
        digests = {row[0] for row in rows}
        if not digests:
            return 0
        used = self._database.all(
            f"SELECT DISTINCT value FROM ({HANDED_IN}) AS made"
            " WHERE value IN (SELECT value FROM json_each(?2))"
            f" AND ({_IN_USE} OR NOT {which})",
            value,
            json.dumps(sorted(digests)),
        )
        return sum(map(self._store.remove_input, sorted(digests - {row[0] for row in used})))
