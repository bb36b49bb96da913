"""Artifacts: saving, finding, starring, binning. A row never points to bytes not on the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import NewArtifact
from studio.base import disk
from studio.library.rows import Artifact, Family, Record, plain, readable
from studio.library.search_query import like_pattern, match_expression
from studio.library.storage import row_writer
from studio.library.storage.blob_store import ObjectStore, Payload, Staged, checked_suffix
from studio.library.storage.database import Database
from studio.library.storage.event_log import EventLog
from studio.library.storage.schema import SEARCHED_CHARACTERS
from studio.library.storage.ulid import new_id
from studio.protocol.errors import ErrorCode, StudioError

SIDECAR_FORMAT = "offline-studio/artifact"
PREVIEW_SUFFIX = ".png"

_ORDERS = {
    "newest": "{n} DESC",
    "oldest": "{n}",
    "title": "artifacts.title COLLATE NOCASE, {n}",
    "largest": "artifacts.bytes DESC, {n}",
}
"""``n`` is the order of birth, in the index of words too: the first page needs no sorting."""

_FAMILY = """
    WITH RECURSIVE kin(id, distance) AS (
        VALUES (?, 0)
        UNION SELECT {found}, distance + 1 FROM artifact_inputs JOIN kin ON {known} = kin.id
        WHERE distance < 1000
    )
    SELECT artifacts.* FROM artifacts JOIN (
        SELECT id, min(distance) AS distance FROM kin WHERE distance > 0 GROUP BY id
    ) USING (id) ORDER BY distance, id
"""


class Artifacts:
    """The artifacts of a library: rows, payloads and sidecars together."""

    def __init__(self, database: Database, store: ObjectStore, history: EventLog) -> None:
        self._database = database
        self._store = store
        self._history = history
        self._files = threading.Lock()  # nobody deletes a payload that somebody else is placing

    def add(
        self,
        artifact: Artifact,
        payload: Payload,
        *,
        preview: bytes = b"",
        record: Record | None = None,
        inputs: Sequence[str] = (),
        move: bool = False,
    ) -> Artifact:
        """Save a result; ``digest``, ``bytes`` and ``preview`` of ``artifact`` are filled in here.

        With ``move`` a file is not copied, and is gone from its place once it is saved.

        Returns:
            The artifact as stored, once payload, sidecar and row are on the disk.

        Raises:
            StudioError: It could not be saved. Nothing of it is left, unless the disk is faulty:
                then nobody knows what is on it, and the next start takes in what is whole.
        """
        staged: list[Staged] = []
        try:
            staged.append(self._store.stage(artifact.id, payload, move=move))
            if preview:
                staged.append(self._store.stage(f"{artifact.id}-preview", preview))
            artifact = msgspec.structs.replace(
                artifact,
                digest=staged[0].digest,
                bytes=staged[0].bytes,
                preview=staged[1].digest if preview else "",
            )
            self._store.announce(artifact.id, sidecar(artifact, record, inputs))
            with self._files:
                for part, suffix in zip(staged, (artifact.suffix, PREVIEW_SUFFIX), strict=False):
                    self._store.place(part, suffix)
                self._insert(artifact, inputs)
        except BaseException as error:
            # A commit that failed for a fault of the disk may still be read after a crash: its
            # files must stay, or there would be a row without a payload.
            if not isinstance(error, StudioError) or error.code is not ErrorCode.INTERNAL:
                self._undo(artifact, staged)
            raise
        with suppress(OSError):  # the next start settles it
            self._store.settle(artifact.id, artifact.digest)
        if move and isinstance(payload, Path):
            disk.remove(payload)
        return artifact

    def adopt(self, artifact: Artifact, inputs: Iterable[str]) -> bool:
        """Take in an artifact whose payload and sidecar are there; return whether it was new."""
        if self._database.one("SELECT 1 FROM artifacts WHERE id = ?", artifact.id):
            return False
        self._insert(artifact, list(inputs))
        return True

    def get(self, id: str) -> Artifact:
        """Return one artifact.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        row = self._database.one("SELECT * FROM artifacts WHERE id = ?", id)
        if row is None:
            raise StudioError(ErrorCode.NOT_FOUND, f"There is no item “{id}” in the library.")
        return readable(Artifact, row)

    def find(
        self, query: str, order: str, limit: int, offset: int, **conditions: Any
    ) -> list[Artifact]:
        """Return artifacts; see ``Library.find``."""
        if order not in _ORDERS:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"The library cannot be sorted by “{order}”.",
                f"Use one of: {', '.join(_ORDERS)}.",
            )
        source, values = _matching(query, **conditions)
        n = "artifact_search.rowid" if match_expression(query) else "artifacts.n"
        rows = self._database.all(
            f"SELECT artifacts.* FROM {source} ORDER BY {_ORDERS[order].format(n=n)}"
            " LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )
        return [readable(Artifact, row) for row in rows]

    def made_in(self, conversations: Sequence[str], limit: int) -> list[Artifact]:
        """Return the artifacts created in conversations, newest first, without the bin."""
        rows = self._database.all(
            "SELECT artifacts.* FROM artifacts JOIN records ON records.id = artifacts.record"
            " WHERE records.conversation IN (SELECT value FROM json_each(?))"
            " AND artifacts.binned_at IS NULL ORDER BY artifacts.id DESC LIMIT ?",
            msgspec.json.encode(list(conversations)).decode(),
            limit,
        )
        return [readable(Artifact, row) for row in rows]

    def count(self, query: str, **conditions: Any) -> int:
        """Return how many ``find`` would return without a limit."""
        source, values = _matching(query, **conditions)
        return int(self._database.value(f"SELECT count(*) FROM {source}", *values))

    def inputs(self, id: str) -> list[str]:
        """Return the ids of what an artifact was made from, the lost ones too."""
        rows = self._database.all(
            "SELECT parent FROM artifact_inputs WHERE child = ? ORDER BY parent", id
        )
        return [row[0] for row in rows]

    def family(self, id: str) -> Family:
        """Return all ancestors and descendants that still exist."""
        self.get(id)
        up = _FAMILY.format(found="parent", known="child")
        down = _FAMILY.format(found="child", known="parent")
        return Family(
            [readable(Artifact, row) for row in self._database.all(up, id)],
            [readable(Artifact, row) for row in self._database.all(down, id)],
        )

    def change(self, ids: Sequence[str], **columns: Any) -> None:
        """Set columns of artifacts (``title``, ``starred``, ``binned_at``) in one durable step.

        Raises:
            StudioError: ``NOT_FOUND`` for the first that is not there; none is changed then.
        """
        changes = ", ".join(f"{name} = ?" for name in columns)
        with self._database.write("change the library", freeing=True) as connection:
            for id in ids:
                done = connection.execute(
                    f"UPDATE artifacts SET {changes} WHERE id = ?", (*columns.values(), id)
                )
                if not done.rowcount:
                    self.get(id)
            self._history.append("artifacts", *({"id": id, "set": columns} for id in ids))

    def free(self, digest: str, suffix: str, preview: str) -> int:
        """Delete the files of an artifact that is gone, unless another one shares them.

        Returns:
            The bytes that were freed.
        """
        with self._files:
            return self._free(digest, suffix, preview)

    def _insert(self, artifact: Artifact, inputs: Sequence[str]) -> None:
        with self._database.write("save the result") as connection:
            row_writer.insert(connection, artifact)
            row_writer.link(connection, artifact.id, inputs)

    def _undo(self, artifact: Artifact, staged: list[Staged]) -> None:
        """Leave nothing of a save that failed: on a full disk every byte is wanted."""
        self._store.withdraw(artifact.id)
        for part in staged:
            disk.remove(part.part)
        with suppress(StudioError), self._files:  # what stays is found by verify
            self._free(artifact.digest, artifact.suffix, artifact.preview)

    def _free(self, digest: str, suffix: str, preview: str) -> int:
        freed = 0
        for part, ending in ((digest, suffix), (preview, PREVIEW_SUFFIX)):
            path = self._store.path(part, ending)
            if part and not self._in_use(part, ending) and path.exists():
                size = path.stat().st_size
                freed += size if disk.remove(path) else 0
        return freed

    def _in_use(self, digest: str, suffix: str) -> bool:
        return bool(
            self._database.value(
                "SELECT EXISTS (SELECT 1 FROM artifacts WHERE digest = ?1 AND suffix = ?2)"
                " OR (?2 = '.png' AND EXISTS (SELECT 1 FROM artifacts WHERE preview = ?1))",
                digest,
                suffix,
            )
        )


def new_artifact(new: NewArtifact, **facts: Any) -> Artifact:
    """Return the row of an artifact that is yet to be saved."""
    return Artifact(
        id=new_id(),
        created=time.time(),
        kind=str(new.kind),
        title=new.title,
        digest="",
        bytes=0,
        suffix=checked_suffix(new.suffix),
        text=new.text[:SEARCHED_CHARACTERS],
        verdict=msgspec.to_builtins(new.verdict) if new.verdict else None,
        meta=dict(new.meta),
        **facts,
    )


def sidecar(artifact: Artifact, record: Record | None, inputs: Sequence[str]) -> bytes:
    """Return the JSON beside a payload: enough to rebuild its row and to make it again."""
    return msgspec.json.format(msgspec.json.encode(recipe(artifact, record, inputs)), indent=1)


def recipe(artifact: Artifact, record: Record | None, inputs: Sequence[str]) -> dict[str, Any]:
    """Return the content of a sidecar as plain data."""
    return {
        "format": SIDECAR_FORMAT,
        "version": 1,
        "artifact": plain(artifact),
        "record": plain(record) if record else None,
        "inputs": list(inputs),
    }


def _matching(
    query: str,
    *,
    kinds: Sequence[str] = (),
    starred: bool | None = None,
    binned: bool = False,
    passed: bool | None = None,
    record: str = "",
    job: str = "",
    digest: str = "",
    collection: str = "",
) -> tuple[str, list[Any]]:
    """Return the FROM and WHERE of a search, and its values."""
    source, terms = "artifacts", [f"binned_at IS {'NOT' if binned else ''} NULL"]
    values: list[Any] = []

    def add(term: str, *more: Any) -> None:
        terms.append(term)
        values.extend(more)

    if kinds:
        add(f"kind IN {row_writer.marks(kinds)}", *kinds)
    if starred is not None:
        add("starred" if starred else "NOT starred")
    if passed is not None:
        add("coalesce(json_array_length(verdict, '$.checks'), 0) > 0")
        failed = (
            "EXISTS (SELECT 1 FROM json_each(verdict, '$.checks')"
            " WHERE json_extract(value, '$.passed') = 0)"
        )
        add(f"{'NOT ' if passed else ''}{failed}")
    if record:
        add("record = ?", record)
    if job:
        add("job = ?", job)
    if digest:
        add("digest = ?", digest)
    if collection:
        add("id IN (SELECT artifact FROM collection_items WHERE collection = ?)", collection)
    if match := match_expression(query):
        source = "artifact_search CROSS JOIN artifacts ON artifacts.n = artifact_search.rowid"
        add("artifact_search MATCH ?", match)
    elif query.strip():
        like = like_pattern(query)
        add(r"(title || ' ' || prompt || ' ' || text) LIKE ? ESCAPE '\'", like)
    return f"{source} WHERE {' AND '.join(terms)}", values
