"""Brings the files of a library of before format 2 up to date: nothing bulky stays in a record."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.base import disk
from studio.library import retired_params
from studio.library.rows import Record, from_plain, plain
from studio.library.storage.blob_store import ObjectStore
from studio.library.storage.database import Database
from studio.library.storage.event_log import UNREADABLE, Event, EventLog
from studio.library.upkeep.rebuild import Sidecar
from studio.protocol.regular_file import read_note


def upgrade_files(database: Database, store: ObjectStore, history: EventLog) -> None:
    """Rewrite history and sidecars from the database; idempotent.

    The job inputs of existing results become inputs of the library, so that their jobs
    can be run again.

    Raises:
        OSError: The disk refused; each file is the old or the new one, whole.
    """
    upgrade = _Upgrade(database, store)
    with database.exclusive():  # nobody appends meanwhile
        for stream in history.streams("records/"):
            history.rewrite(stream, upgrade.event)
        for stream in history.streams("conversations/"):
            if any("erased" in event for event in history.read(stream)):
                history.forget(stream)
    for path in store.sidecars():
        upgrade.sidecar(path)
    history.mark_modern()


class _Upgrade:
    """Looks at each record once."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._store = store
        self._listed = {
            row["id"]: row["conversation"]
            for row in database.all("SELECT id, conversation FROM records")
        }
        records = database.all("SELECT DISTINCT record FROM artifacts WHERE record <> ''")
        self._kept = {row[0] for row in records}

    def event(self, event: Event) -> Event | None:
        """Return an event of the history without bulk; None for a record that is not listed."""
        source = event.get("record")
        if not isinstance(source, dict):
            return event if event.get("id") in self._listed else None
        try:
            record = from_plain(Record, source)
        except msgspec.ValidationError:
            return None
        return {**event, "record": self._record(record)} if record.id in self._listed else None

    def sidecar(self, path: Path) -> None:
        """Rewrite a sidecar if the record in it is bulky; leave one that cannot be read."""
        try:
            sidecar = msgspec.json.decode(read_note(path), type=Sidecar)
            record = from_plain(Record, sidecar.record) if sidecar.record else None
        except UNREADABLE:
            return
        if record is not None and retired_params.modern(record) is not record:
            changed = msgspec.structs.replace(sidecar, record=self._record(record))
            disk.write_durably(path, msgspec.json.format(msgspec.json.encode(changed), indent=1))

    def _record(self, record: Record) -> Event:
        if record.id in self._kept:
            for data in retired_params.split(record.task, record.params)[1].values():
                self._store.add_input(retired_params.digest(data), data)
        talk = record.conversation or self._listed.get(record.id, "")
        modern = msgspec.structs.replace(retired_params.modern(record), conversation=talk)
        return plain(modern)
