"""The tables, as steps from one version to the next. Released steps are never edited: add one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

from studio.library import retired_params

APPLICATION_ID = 0x0FF511E5
"""Marks the file as ours; shown by ``file`` and checked before anything else is read."""

SEARCHED_CHARACTERS = 65_536
"""Of each text this much is searched; a message of 10 MB must not stall the window."""


def _search(name: str, table: str, columns: dict[str, str]) -> str:
    """Return SQL for a full-text index ``name`` over ``table`` that triggers keep true.

    The index stores no text of its own: it reads a view, so that what it deletes is what it added.
    """
    names = ", ".join(columns)
    changed = ", ".join(dict.fromkeys(columns.values()))
    new, old = (
        ", ".join(_searched(f"{which}.{column}") for column in columns.values())
        for which in ("new", "old")
    )
    shown = ", ".join(f"{_searched(column)} AS {key}" for key, column in columns.items())
    add = f"INSERT INTO {name}(rowid, {names}) VALUES (new.n, {new});"
    drop = f"INSERT INTO {name}({name}, rowid, {names}) VALUES ('delete', old.n, {old});"
    return f"""
    CREATE VIEW {name}_text AS SELECT n, {shown} FROM {table};
    CREATE VIRTUAL TABLE {name} USING fts5({names}, content='{name}_text', content_rowid='n',
        tokenize="unicode61 remove_diacritics 2");
    CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN {add} END;
    CREATE TRIGGER {name}_delete AFTER DELETE ON {table} BEGIN {drop} END;
    CREATE TRIGGER {name}_update AFTER UPDATE OF {changed} ON {table} BEGIN {drop} {add} END;
    """


def _searched(column: str) -> str:
    return f"substr({column}, 1, {SEARCHED_CHARACTERS})"


_VERSION_1 = (
    """
    CREATE TABLE records (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL,
        task TEXT NOT NULL, plugin TEXT NOT NULL, params TEXT NOT NULL, seed INTEGER,
        weights TEXT NOT NULL, inputs TEXT NOT NULL, versions TEXT NOT NULL,
        device TEXT NOT NULL, seconds REAL
    ) STRICT;

    CREATE TABLE artifacts (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL,
        kind TEXT NOT NULL, title TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,
        suffix TEXT NOT NULL, starred INTEGER NOT NULL, binned_at REAL, verdict TEXT,
        preview TEXT NOT NULL, record TEXT NOT NULL, job TEXT NOT NULL,
        text TEXT NOT NULL, prompt TEXT NOT NULL, meta TEXT NOT NULL
    ) STRICT;
    -- Every index ends in n, the order of birth: what is shown first is found first.
    CREATE INDEX artifacts_by_bin ON artifacts(binned_at);
    CREATE INDEX artifacts_by_kind ON artifacts(binned_at, kind);
    CREATE INDEX artifacts_by_digest ON artifacts(digest);
    CREATE INDEX artifacts_by_preview ON artifacts(preview) WHERE preview <> '';
    CREATE INDEX artifacts_by_record ON artifacts(record) WHERE record <> '';
    CREATE INDEX artifacts_starred ON artifacts(binned_at) WHERE starred;

    -- A parent may be gone for good while its children stay: no reference on that side.
    CREATE TABLE artifact_inputs (
        child TEXT NOT NULL REFERENCES artifacts(id) ON DELETE CASCADE, parent TEXT NOT NULL,
        PRIMARY KEY (child, parent)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX artifact_inputs_by_parent ON artifact_inputs(parent);

    CREATE TABLE conversations (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL,
        title TEXT NOT NULL, pinned INTEGER NOT NULL, folder TEXT NOT NULL, head TEXT NOT NULL,
        system TEXT NOT NULL, settings TEXT NOT NULL, updated REAL NOT NULL, binned_at REAL
    ) STRICT;
    CREATE INDEX conversations_by_update ON conversations(binned_at, updated);

    CREATE TABLE messages (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL,
        conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        parent TEXT NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
        artifacts TEXT NOT NULL, record TEXT NOT NULL, extra TEXT NOT NULL, binned_at REAL
    ) STRICT;
    CREATE INDEX messages_by_parent ON messages(conversation, parent, id);
    CREATE INDEX messages_by_state ON messages(state) WHERE state = 'partial';

    CREATE TABLE jobs (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL,
        task TEXT NOT NULL, state TEXT NOT NULL, plugin TEXT NOT NULL, title TEXT NOT NULL,
        record TEXT NOT NULL, params TEXT NOT NULL, priority TEXT NOT NULL,
        starts INTEGER NOT NULL, error TEXT, updated REAL NOT NULL
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs(state, id);

    CREATE TABLE collections (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL, title TEXT NOT NULL
    ) STRICT;
    CREATE TABLE collection_items (
        collection TEXT NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
        artifact TEXT NOT NULL REFERENCES artifacts(id) ON DELETE CASCADE, added INTEGER NOT NULL,
        PRIMARY KEY (collection, artifact)
    ) STRICT, WITHOUT ROWID;
    """
    + _search(
        "artifact_search", "artifacts", {"title": "title", "prompt": "prompt", "body": "text"}
    )
    + _search("conversation_search", "conversations", {"title": "title"})
    + _search("message_search", "messages", {"content": "content"})
)

_VERSION_2 = """
    ALTER TABLE records ADD COLUMN conversation TEXT NOT NULL DEFAULT '';
    CREATE INDEX records_by_conversation ON records(conversation) WHERE conversation <> '';
    CREATE INDEX messages_by_record ON messages(record) WHERE record <> '';
    CREATE INDEX jobs_by_record ON jobs(record) WHERE record <> '';

    -- What an erased conversation or result left behind. A job that failed made none.
    DELETE FROM records WHERE id NOT IN (SELECT record FROM artifacts)
        AND id NOT IN (SELECT record FROM messages) AND (
            task = 'chat.reply'
            OR plugin IN ('chat', 'code', 'image', 'molecules', 'music')
            AND id NOT IN (SELECT record FROM jobs WHERE state <> 'done')
        );
    DELETE FROM jobs WHERE record <> '' AND record NOT IN (SELECT id FROM records);

    UPDATE records SET conversation = coalesce(
        (SELECT conversation FROM messages WHERE record <> '' AND record = records.id), '');
    UPDATE records SET inputs = stored_inputs(task, params, inputs),
        params = stored_params(task, params);
    UPDATE jobs SET params = stored_params(task, params);
"""
"""Nothing bulky is in a record any more, and a record knows its conversation."""

_VERSION_3 = """
    -- A job with a request is a row of the queue: place is where it stands in it.
    ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN request TEXT;
    CREATE INDEX jobs_in_queue ON jobs(place) WHERE request IS NOT NULL;
    CREATE INDEX records_by_task ON records(task);
    CREATE TABLE queue (paused INTEGER NOT NULL) STRICT;
    INSERT INTO queue VALUES (0);
"""
"""Jobs wait in the library, in order, and outlive the studio."""

_VERSION_4 = """
    ALTER TABLE records ADD COLUMN files TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE records ADD COLUMN specs TEXT NOT NULL DEFAULT '{}';
"""
"""A record has all that is needed to make its results again, and to say what is another now."""

_VERSION_5 = """
    ALTER TABLE records ADD COLUMN caller TEXT NOT NULL DEFAULT '';
    ALTER TABLE records ADD COLUMN energy TEXT;
    CREATE INDEX records_by_caller ON records(caller) WHERE caller <> '';
"""
"""A record knows whose job called for it, and what energy its own took."""

_VERSION_6 = """
    -- What a recipe says, one row a fact, for the search: parameters by their names, others by a
    -- name with a colon. All of it is derived; triggers keep it true. OR IGNORE would not do in
    -- them: the conflict clause of the statement that fires one overrides it.
    CREATE TABLE facts (
        name TEXT NOT NULL COLLATE NOCASE, value ANY NOT NULL COLLATE NOCASE,
        artifact INTEGER NOT NULL REFERENCES artifacts(n) ON DELETE CASCADE,
        PRIMARY KEY (name, value, artifact)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX facts_by_artifact ON facts(artifact);
    CREATE VIEW record_facts AS
        SELECT id AS record, ':task' AS name, task AS value FROM records
        UNION ALL SELECT id, ':plugin', plugin FROM records WHERE plugin <> ''
        UNION ALL SELECT id, 'seed', seed FROM records WHERE seed IS NOT NULL
        UNION ALL SELECT records.id, ':model', used.key FROM records,
            json_each(CASE WHEN json_valid(weights) THEN weights ELSE '{}' END) AS used
        UNION ALL SELECT records.id, given.key, given.atom FROM records,
            json_each(CASE WHEN json_valid(params) THEN params ELSE '{}' END) AS given
            WHERE given.type IN ('integer', 'real', 'true', 'false')
            OR given.type = 'text' AND length(given.atom) BETWEEN 1 AND 100;
    CREATE VIEW verdict_facts AS
        SELECT n AS artifact, ':verdict' AS name, CASE WHEN EXISTS (
            SELECT 1 FROM json_each(verdict, '$.checks') WHERE json_extract(value, '$.passed') = 0
        ) THEN 'failed' ELSE 'passed' END AS value
        FROM artifacts WHERE CASE WHEN json_valid(verdict)
            THEN coalesce(json_array_length(verdict, '$.checks'), 0) > 0 ELSE 0 END;
    CREATE TRIGGER facts_of_new_artifact AFTER INSERT ON artifacts BEGIN
        INSERT INTO facts SELECT name, value, new.n FROM record_facts
            WHERE record = new.record
            ON CONFLICT DO NOTHING;
        INSERT INTO facts SELECT name, value, artifact FROM verdict_facts
            WHERE artifact = new.n
            ON CONFLICT DO NOTHING;
    END;
    CREATE TRIGGER facts_of_changed_artifact AFTER UPDATE OF record, verdict ON artifacts BEGIN
        DELETE FROM facts WHERE artifact = new.n;
        INSERT INTO facts SELECT name, value, new.n FROM record_facts
            WHERE record = new.record
            ON CONFLICT DO NOTHING;
        INSERT INTO facts SELECT name, value, artifact FROM verdict_facts
            WHERE artifact = new.n
            ON CONFLICT DO NOTHING;
    END;
    CREATE TRIGGER facts_of_new_record AFTER INSERT ON records BEGIN
        INSERT INTO facts SELECT name, value, artifacts.n FROM artifacts, record_facts
            WHERE artifacts.record <> '' AND artifacts.record = new.id
            AND record_facts.record = new.id
            ON CONFLICT DO NOTHING;
    END;
    CREATE TRIGGER facts_of_changed_record
    AFTER UPDATE OF task, plugin, params, seed, weights ON records BEGIN
        DELETE FROM facts WHERE name <> ':verdict' AND artifact IN
            (SELECT n FROM artifacts WHERE record <> '' AND record = new.id);
        INSERT INTO facts SELECT name, value, artifacts.n FROM artifacts, record_facts
            WHERE artifacts.record <> '' AND artifacts.record = new.id
            AND record_facts.record = new.id
            ON CONFLICT DO NOTHING;
    END;
    INSERT INTO facts SELECT name, value, artifacts.n FROM artifacts
        JOIN record_facts ON record_facts.record = artifacts.record WHERE artifacts.record <> ''
        ON CONFLICT DO NOTHING;
    INSERT INTO facts SELECT name, value, artifact FROM verdict_facts WHERE TRUE
        ON CONFLICT DO NOTHING;

    CREATE TABLE artifact_tags (
        tag TEXT NOT NULL COLLATE NOCASE,
        artifact TEXT NOT NULL REFERENCES artifacts(id) ON DELETE CASCADE,
        PRIMARY KEY (tag, artifact)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX artifact_tags_by_artifact ON artifact_tags(artifact);
    CREATE INDEX collection_items_by_artifact ON collection_items(artifact);
    CREATE INDEX artifacts_by_creation ON artifacts(created);
"""
"""The search asks for what recipes say; results have tags."""

_VERSION_7 = """
    CREATE TABLE workflow_runs (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created REAL NOT NULL,
        title TEXT NOT NULL, document TEXT NOT NULL, params TEXT NOT NULL, source TEXT NOT NULL,
        folder TEXT NOT NULL, seed INTEGER NOT NULL, state TEXT NOT NULL
    ) STRICT;
    CREATE TABLE workflow_rows (
        run TEXT NOT NULL REFERENCES workflow_runs(id) ON DELETE CASCADE, number INTEGER NOT NULL,
        title TEXT NOT NULL, given TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL,
        seconds REAL NOT NULL, PRIMARY KEY (run, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX workflow_rows_by_state ON workflow_rows(run, state, number);
    CREATE TABLE workflow_steps (
        run TEXT NOT NULL REFERENCES workflow_runs(id) ON DELETE CASCADE, number INTEGER NOT NULL,
        step TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, job TEXT NOT NULL,
        fingerprint TEXT NOT NULL, artifacts TEXT NOT NULL, seconds REAL NOT NULL,
        PRIMARY KEY (run, number, step, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX workflow_steps_by_content ON workflow_steps(fingerprint) WHERE fingerprint <> '';
"""
"""Runs of workflows, with their rows and steps."""

_VERSION_8 = """
    -- The files lie beside the payloads; the name of one follows from a plugin and its key.
    CREATE TABLE intermediates (
        name TEXT PRIMARY KEY, artifact TEXT NOT NULL REFERENCES artifacts(id) ON DELETE CASCADE,
        digest TEXT NOT NULL, bytes INTEGER NOT NULL, used REAL NOT NULL
    ) STRICT;
    CREATE INDEX intermediates_by_artifact ON intermediates(artifact);
"""
"""Costly intermediates are kept as hidden children of results."""

_VERSION_9 = "ALTER TABLE records ADD COLUMN returned TEXT NOT NULL DEFAULT '{}';"
"""A record of a run that made no artifact says what its task returned."""

_VERSION_10 = """
    ALTER TABLE records ADD COLUMN machine TEXT NOT NULL DEFAULT '';
    ALTER TABLE jobs ADD COLUMN machine TEXT NOT NULL DEFAULT '';
"""
"""Records and jobs name the machine that computes them; all that were made so far, this one."""

RECORDS_BY_THEIR_USES = (
    """UPDATE records SET conversation = coalesce(
        (SELECT conversation FROM messages WHERE record <> '' AND record = records.id), '')
        WHERE conversation = ''""",
    """DELETE FROM records WHERE id NOT IN (SELECT record FROM artifacts)
        AND id NOT IN (SELECT record FROM messages)
        AND conversation NOT IN (SELECT id FROM conversations)
        AND (task = 'chat.reply' OR seconds IS NOT NULL
             AND plugin IN ('chat', 'code', 'image', 'molecules', 'music'))""",
)
"""After a rebuild from files that an earlier studio wrote: a record knows its conversation, and of
what was erased none is left."""

MIGRATIONS: tuple[str, ...] = (
    _VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6, _VERSION_7,
    _VERSION_8, _VERSION_9, _VERSION_10,
)  # fmt: skip
"""``MIGRATIONS[n]`` leads from version ``n`` to ``n + 1``."""


def version(connection: sqlite3.Connection) -> int:
    """Return the schema version of an open database; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def latest() -> int:
    """Return the version this studio writes."""
    return len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to the latest version, each step a transaction of its own.

    Raises:
        sqlite3.Error: A step failed; the database is at the last version that was reached.
    """
    connection.create_function("stored_params", 2, retired_params.stored_params)
    connection.create_function("stored_inputs", 3, retired_params.stored_inputs)
    for step in range(version(connection), latest()):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _statements(MIGRATIONS[step]):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {step + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise


SEARCHES = ("artifact_search", "conversation_search", "message_search")


def merge_searches(connection: sqlite3.Connection) -> None:
    """Purge deleted words: an index retains them until its parts are merged."""
    for name in SEARCHES:
        connection.execute(f"INSERT INTO {name}({name}) VALUES ('optimize')")


def _statements(script: str) -> list[str]:
    """Split a script; ``executescript`` would commit on its own and break the transaction."""
    statements, pending = [], ""
    for piece in script.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return [statement for statement in statements if statement.strip(" \n;")]


def missing(connection: sqlite3.Connection) -> str:
    """Return which tables a database of the latest version lacks, in words; empty for none."""
    if connection.execute("PRAGMA user_version").fetchone()[0] != latest():
        return ""
    lost = sorted(_known_tables(latest()) - _tables(connection))
    return f"without its table {', '.join(lost)}" if lost else ""


@cache
def _known_tables(version: int) -> frozenset[str]:
    """Return the tables of a database of the latest version: to make one takes a while."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as whole:
        migrate(whole)
        assert whole.execute("PRAGMA user_version").fetchone()[0] == version
        return frozenset(_tables(whole))


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {row[0] for row in rows}
