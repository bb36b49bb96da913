"""A library as format 1 left it: conversations in records, and traces of what was erased."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from studio.library.storage import schema
from studio.library.storage.ulid import new_id

SECRET = "the erased words of nobody but me"
SAID = "what was said and stays"
PIECE = {"title": "Tune", "tracks": [{"notes": [{"pitch": 60}] * 50}]}
WAV = b"RIFF of a tune"


class OldLibrary:
    """Writes it; the ids of what is in it are attributes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.talk, self.sound, self.failed = new_id(), new_id(), new_id()
        self.replies = [new_id() for _ in range(3)]
        self.rendered = new_id()
        self._lines: list[dict[str, Any]] = []
        folder.mkdir(parents=True)
        with closing(sqlite3.connect(folder / "library.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in schema._statements(schema.MIGRATIONS[0]):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.execute("PRAGMA user_version = 1")
            self._write(connection)
        self._history("records/2026-11", self._lines)
        backups = folder / "backups"
        backups.mkdir()
        shutil.copyfile(folder / "library.db", backups / "library-2026-11-20.db")

    def _write(self, connection: sqlite3.Connection) -> None:
        self._conversation(connection)
        self._erased_conversation(connection)
        self._kept_sound(connection)
        self._erased_code(connection)
        self._record(connection, self.failed, "image.generate", {"prompt": "a fox"}, None)
        self._job(connection, self.failed, "failed", "a fox")
        row = (new_id(), 1.0, self.talk, "", "user", SECRET, "complete", "[]", "", "{}", None)
        marks = ", ".join("?" * len(row))
        names = "id, created, conversation, parent, role, content, state, artifacts, record, extra"
        connection.execute(f"INSERT INTO messages ({names}, binned_at) VALUES ({marks})", row)
        connection.execute("DELETE FROM messages WHERE id = ?", (row[0],))

    def _conversation(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO conversations (id, created, title, pinned, folder, head, system, settings,"
            " updated) VALUES (?, 1, 'Talk', 0, '', '', '', '{}', 1)",
            (self.talk,),
        )
        turns: list[dict[str, str]] = []
        events: list[dict[str, Any]] = [{"conversation": {"id": self.talk, "title": "Talk"}}]
        parent = ""
        for record in self.replies:
            for role in ("user", "assistant"):
                id, made = new_id(), record if role == "assistant" else ""
                connection.execute(
                    "INSERT INTO messages (id, created, conversation, parent, role, content,"
                    " state, artifacts, record, extra)"
                    " VALUES (?, 1, ?, ?, ?, ?, 'complete', '[]', ?, '{}')",
                    (id, self.talk, parent, role, SAID, made),
                )
                message = {"id": id, "conversation": self.talk, "role": role, "content": SAID}
                events.append({"message": {**message, "parent": parent, "record": made}})
                parent = id
                turns.append({"role": role, "content": SAID})
            self._record(connection, record, "chat.reply", {"messages": turns, "top_k": 40}, 1.0)
        connection.execute("UPDATE conversations SET head = ?", (parent,))
        self._history(f"conversations/{self.talk}", [*events, {"set": {"head": parent}}])

    def _erased_conversation(self, connection: sqlite3.Connection) -> None:
        for _ in range(2):
            record = new_id()
            params = {"messages": [{"role": "user", "content": SECRET}], "system": SECRET}
            self._record(connection, record, "chat.reply", params, 1.0)
            self._job(connection, record, "done", SECRET)
        events = [{"message": {"content": SECRET}}, {"erased": True}]
        self._history(f"conversations/{new_id()}", events)

    def _kept_sound(self, connection: sqlite3.Connection) -> None:
        params = {"piece": PIECE, "format": "wav"}
        self._record(connection, self.rendered, "music.render", params, 1.0)
        digest = hashlib.sha256(WAV).hexdigest()
        connection.execute(
            "INSERT INTO artifacts (id, created, kind, title, digest, bytes, suffix, starred,"
            " preview, record, job, text, prompt, meta) VALUES (?, 1, 'audio', 'Tune', ?, ?,"
            " '.wav', 0, '', ?, '', '', '', '{}')",
            (self.sound, digest, len(WAV), self.rendered),
        )
        place = self.folder / "objects" / digest[:2]
        place.mkdir(parents=True)
        (place / f"{digest}.wav").write_bytes(WAV)
        artifact = {"id": self.sound, "created": 1.0, "kind": "audio", "title": "Tune",
                    "digest": digest, "bytes": len(WAV), "suffix": ".wav",
                    "record": self.rendered}  # fmt: skip
        sidecar = {"format": "offline-studio/artifact", "version": 1, "artifact": artifact,
                   "record": self._lines[-1]["record"], "inputs": []}  # fmt: skip
        (place / f"{digest}.{self.sound}.json").write_text(json.dumps(sidecar))

    def _erased_code(self, connection: sqlite3.Connection) -> None:
        record = new_id()
        params = {"context": [{"path": "a.py", "text": SECRET}], "describe": SECRET}
        self._record(connection, record, "code.write", params, 1.0)
        self._job(connection, record, "done", SECRET)
        self._history("artifacts", [{"id": new_id(), "erased": True}])

    def _record(
        self,
        connection: sqlite3.Connection,
        id: str,
        task: str,
        params: dict[str, Any],
        seconds: float | None,
    ) -> None:
        plugin = task.partition(".")[0]
        connection.execute(
            "INSERT INTO records (id, created, task, plugin, params, seed, weights, inputs,"
            " versions, device, seconds) VALUES (?, 1, ?, ?, ?, 7, '{}', '{}', '{}', '', ?)",
            (id, task, plugin, json.dumps(params), seconds),
        )
        record = {"id": id, "created": 1.0, "task": task, "plugin": plugin, "seed": 7,
                  "params": json.loads(json.dumps(params)), "seconds": seconds}  # fmt: skip
        self._lines.append({"record": record})

    def _job(self, connection: sqlite3.Connection, record: str, state: str, title: str) -> None:
        connection.execute(
            "INSERT INTO jobs (id, created, task, state, plugin, title, record, params, priority,"
            " starts, updated) VALUES (?, 1, 'x', ?, 'chat', ?, ?, '{}', 'normal', 1, 1)",
            (new_id(), state, title, record),
        )

    def _history(self, stream: str, events: list[dict[str, Any]]) -> None:
        path = self.folder / "history" / f"{stream}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))


def files_with(words: str, folder: Path) -> list[str]:
    """Return the files below ``folder`` in which ``words`` are found."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in found if words.encode() in path.read_bytes()]
