"""Permanent erasure: the plan is written first, so that a crash midway is completed later.

The plan contains ids and digests only: no title, no text.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from studio.base import disk
from studio.library.artifacts import Artifacts
from studio.library.kept_inputs import HANDED_IN
from studio.library.prompt_cache_files import Traces
from studio.library.rows import Artifact
from studio.library.storage import schema
from studio.library.storage.blob_store import ObjectStore
from studio.library.storage.database import Database
from studio.library.storage.event_log import Event, EventLog
from studio.library.storage.reserved_space import ReservedSpace
from studio.library.upgrade import upgrade_files
from studio.library.upkeep import backup
from studio.protocol.regular_file import read_note

INTENT = "erasing.json"
ERASED = "erased"
"""History with the ids of what was erased: lines that belong to nothing may be a save cut short.

Also when, and the plugins whose caches had to go: what is older and still there is left over."""

_DOOMED_RECORDS = """
    SELECT id, plugin, inputs, files FROM records WHERE (
        id IN (SELECT record FROM artifacts WHERE id IN (SELECT value FROM json_each(?1)))
        OR id IN (SELECT record FROM messages
                  WHERE conversation IN (SELECT value FROM json_each(?2))
                  OR id IN (SELECT value FROM json_each(?4)))
        OR conversation IN (SELECT value FROM json_each(?2))
        OR id IN (SELECT value FROM json_each(?3))
    ) AND id NOT IN (
        SELECT record FROM artifacts WHERE id NOT IN (SELECT value FROM json_each(?1))
    ) AND id NOT IN (
        SELECT record FROM messages
        WHERE conversation NOT IN (SELECT value FROM json_each(?2))
        AND id NOT IN (SELECT value FROM json_each(?4))
    ) AND (
        id IN (SELECT record FROM messages WHERE id IN (SELECT value FROM json_each(?4)))
        OR conversation NOT IN (
            SELECT id FROM conversations WHERE id NOT IN (SELECT value FROM json_each(?2))
        )
    )
"""

_SHOW_WHAT_IS_LEFT = """
    UPDATE conversations SET head = coalesce(
        (SELECT max(id) FROM messages WHERE conversation = conversations.id AND binned_at IS NULL),
        '')
    WHERE id = ? AND head <> '' AND head NOT IN (SELECT id FROM messages)
"""
"""A backup may be from before the deletion and show what goes."""
_FORGET_WHAT_ROWS_WERE = """
    UPDATE workflow_rows SET title = '', given = '{}' WHERE (run, number) IN (
        SELECT run, number FROM workflow_steps, json_each(artifacts) AS made
        WHERE made.value IN (SELECT value FROM json_each(?))
    )
"""
"""A row of a workflow says what its results were made from."""
_FORGET_WHAT_ROWS_WERE_GIVEN = """
    UPDATE workflow_rows SET title = '',
        given = json_object('artifact', json_extract(given, '$.artifact'))
    WHERE json_extract(given, '$.artifact') IN (SELECT value FROM json_each(?))
"""
"""The title of a result, where one is what a row starts from."""


class Doomed(msgspec.Struct, frozen=True):
    """An artifact that is to go, by its files."""

    id: str
    digest: str
    suffix: str
    preview: str
    record: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to go.

    Attributes:
        messages: Of the conversations, and what was deleted within others.
        trimmed: Conversations that stay and lose some of the messages.
        inputs: Digests of what was handed to the jobs of the records, picked files among it.
        plugins: Whose caches may hold something of it.
        upgrades: Whether files of an earlier format are brought up to date as well.
    """

    artifacts: list[Doomed] = []
    conversations: list[str] = []
    messages: list[str] = []
    trimmed: list[str] = []
    records: list[str] = []
    inputs: list[str] = []
    plugins: list[str] = []
    upgrades: bool = False


class Erasure:
    """Erases artifacts and conversations with all that was written about them.

    Args:
        traces: What lies beside the library of what is erased: caches, drafts in settings.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        store: ObjectStore,
        history: EventLog,
        artifacts: Artifacts,
        reserved_space: ReservedSpace,
        traces: Traces | None = None,
    ) -> None:
        self._folder = folder
        self._database = database
        self._store = store
        self._history = history
        self._artifacts = artifacts
        self._reserved_space = reserved_space
        self._traces = traces

    def plan(
        self,
        artifacts: Sequence[str] = (),
        conversations: Sequence[str] = (),
        records: Sequence[str] = (),
        messages: Sequence[str] = (),
    ) -> Plan:
        """Return everything to erase with the given items; records still needed elsewhere stay.

        Args:
            messages: Messages to erase from remaining conversations.

        Raises:
            StudioError: ``NOT_FOUND`` for a missing artifact.
        """
        doomed = [_doomed(self._artifacts.get(id)) for id in artifacts]
        lists = (artifacts, conversations, records, messages)
        named = [json.dumps(list(ids)) for ids in lists]
        rows = self._database.all(_DOOMED_RECORDS, *named)
        handed = (json.loads(row[column]) for row in rows for column in ("inputs", "files"))
        inputs = {digest for column in handed for digest in column.values()}
        return Plan(
            artifacts=doomed,
            conversations=list(conversations),
            messages=[*self._ids("id", "conversation", conversations), *messages],
            trimmed=self._ids("DISTINCT conversation", "id", messages),
            records=[row["id"] for row in rows],
            inputs=sorted(inputs),
            plugins=sorted({row["plugin"] for row in rows if row["plugin"]}),
        )

    def carry_out(self, plan: Plan) -> int:
        """Write the plan down and do it; return the bytes that were freed.

        Raises:
            StudioError: A disk refused. What was not done is done at the next start.
        """
        self.resume()  # there is one intent at a time
        write_down(self._folder, plan, self._reserved_space)
        return self._do(plan)

    def resume(self, *, upgrades: bool = True) -> None:
        """Complete a pending erasure; an upgrade may be postponed.

        Raises:
            StudioError: A disk refused.
        """
        plan = written_down(self._folder)
        if plan is not None and (upgrades or not plan.upgrades):
            self._do(plan)

    def _do(self, plan: Plan) -> int:
        try:
            self._erase_rows(plan)
            freed = self._erase_files(plan)
            self._erase_lines(plan)
            if plan.upgrades:
                upgrade_files(self._database, self._store, self._history)
            self._erase_in_backups(plan)
            self._compact(plan)
            if self._traces is not None:
                self._traces.forget(plan.plugins, plan.conversations)
            (self._folder / INTENT).unlink(missing_ok=True)
            disk.sync_folder(self._folder)
        except OSError as error:
            raise disk.explain(error, "delete permanently", self._folder) from error
        return freed

    # --- one step each; each may be done twice ------------------------------------------------

    def _erase_rows(self, plan: Plan) -> None:
        with self._database.write("delete permanently", freeing=True) as connection:
            gone = erase_rows(connection, plan)
            doomed = [*plan.conversations, *plan.records, *(plan.messages if plan.trimmed else ())]
            if gone:
                self._history.append(
                    ERASED,
                    *({"id": id} for id in doomed if id in gone),
                    {"caches": plan.plugins, "at": time.time()},
                )
            self._history.append(
                "artifacts",
                *(
                    {"id": artifact.id, "erased": True, "record": artifact.record}
                    for artifact in plan.artifacts
                    if artifact.id in gone
                ),
            )

    def _erase_files(self, plan: Plan) -> int:
        freed = 0
        for artifact in plan.artifacts:
            self._store.withdraw(artifact.id)
            disk.remove(self._store.sidecar_path(artifact.digest, artifact.id))
            freed += self._artifacts.free(artifact.digest, artifact.suffix, artifact.preview)
            if not self._store.path(artifact.digest, artifact.suffix).exists():
                freed += self._store.remove_input(artifact.digest)  # whoever it was handed to
        for digest in set(plan.inputs) - digests_in_use(self._database):
            freed += self._store.remove_input(digest)
        for id in plan.conversations:
            self._history.forget(f"conversations/{id}")
        for id in plan.messages:
            disk.remove(self._folder / "journals" / f"{id}.txt")
        return freed

    def _erase_lines(self, plan: Plan) -> None:
        """Remove erased items from the history; of an artifact only its deletion remains."""
        records, artifacts = set(plan.records), {artifact.id for artifact in plan.artifacts}
        messages = set(plan.messages)

        def of_others(event: Event) -> Event | None:
            record = event.get("record")
            id = record.get("id") if isinstance(record, dict) else event.get("id")
            return None if id in records else event

        def erased_or_of_others(event: Event) -> Event | None:
            return None if event.get("id") in artifacts and not event.get("erased") else event

        with self._database.exclusive():  # nobody appends meanwhile
            for id in plan.trimmed:
                self._history.rewrite(
                    f"conversations/{id}", partial(_without, messages), mentioning=messages
                )
            if records:
                for stream in self._history.streams("records/"):
                    self._history.rewrite(stream, of_others, mentioning=records)
            if artifacts:
                self._history.rewrite("artifacts", erased_or_of_others, mentioning=artifacts)

    def _erase_in_backups(self, plan: Plan) -> None:
        for path in sorted((self._folder / "backups").glob("library-*.db")):
            if plan.upgrades and path.name.startswith("library-format-"):
                path.unlink()
            else:
                backup.erase_in_copy(path, lambda connection: bool(erase_rows(connection, plan)))

    def _compact(self, plan: Plan) -> None:
        """Purge deleted data from the database file, its log and its full-text indexes."""
        with self._database.write("delete permanently", freeing=True) as connection:
            schema.merge_searches(connection)
        with self._database.exclusive() as connection:
            if plan.upgrades:  # from before deleted text was overwritten
                connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _ids(self, wanted: str, column: str, values: Iterable[str]) -> list[str]:
        rows = self._database.all(
            f"SELECT {wanted} FROM messages WHERE {column} IN (SELECT value FROM json_each(?))",
            json.dumps(list(values)),
        )
        return [row[0] for row in rows]


def write_down(folder: Path, plan: Plan, reserved_space: ReservedSpace) -> None:
    """Make a plan durable: from here on it will be done.

    Raises:
        StudioError: The disk refused; nothing is erased.
    """
    path, data = folder / INTENT, msgspec.json.encode(plan)
    try:
        try:
            disk.write_durably(path, data)
        except OSError:
            if not reserved_space.release():
                raise
            disk.write_durably(path, data)
    except OSError as error:
        raise disk.explain(error, "delete permanently", folder) from error


def written_down(folder: Path) -> Plan | None:
    """Return the plan that was not done to its end, None without one."""
    try:
        return msgspec.json.decode(read_note(folder / INTENT), type=Plan)
    except (FileNotFoundError, msgspec.MsgspecError):  # it is written whole or not at all
        return None


def digests_in_use(database: Database) -> set[str]:
    """Return the input digests of all records."""
    rows = database.all(f"SELECT DISTINCT value FROM ({HANDED_IN})")
    return {row[0] for row in rows}


def erase_rows(connection: sqlite3.Connection, plan: Plan) -> set[str]:
    """Delete the rows of a plan; return the ids that were there, of any table."""
    doomed = {
        "artifacts": [artifact.id for artifact in plan.artifacts],
        "messages": plan.messages,
        "conversations": plan.conversations,
        "records": plan.records,
    }
    gone: set[str] = set()
    for table, ids in doomed.items():
        for id in ids:
            if connection.execute(f"DELETE FROM {table} WHERE id = ?", (id,)).rowcount:
                gone.add(id)
    connection.executemany(_SHOW_WHAT_IS_LEFT, [(id,) for id in plan.trimmed])
    for forget in (_FORGET_WHAT_ROWS_WERE, _FORGET_WHAT_ROWS_WERE_GIVEN):
        connection.execute(forget, (json.dumps(doomed["artifacts"]),))
    connection.executemany("DELETE FROM jobs WHERE record = ?", [(id,) for id in plan.records])
    return gone


def _without(messages: set[str], event: Event) -> Event | None:
    """Return a conversation event without references to ``messages``."""
    message, binned = event.get("message"), event.get("bin")
    if isinstance(message, dict):
        return None if message.get("id") in messages else event
    if isinstance(binned, list):
        remaining = [id for id in binned if id not in messages]
        return {**event, "bin": remaining} if remaining else None
    return event


def _doomed(artifact: Artifact) -> Doomed:
    return Doomed(artifact.id, artifact.digest, artifact.suffix, artifact.preview, artifact.record)
