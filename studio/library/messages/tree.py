"""Walking a tree of messages: up to the root, down to the newest leaf, sideways. Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence

from studio.library.rows import Message, Siblings, readable
from studio.library.storage.database import Database

_PATH = """
    WITH RECURSIVE path(id, parent, depth) AS (
        SELECT id, parent, 0 FROM messages WHERE id = ?
        UNION ALL SELECT messages.id, messages.parent, depth + 1
        FROM messages JOIN path ON messages.id = path.parent
    )
    SELECT messages.* FROM path JOIN messages ON messages.id = path.id ORDER BY depth DESC
"""
_BRANCH = """
    WITH RECURSIVE branch(id, conversation) AS (
        SELECT id, conversation FROM messages WHERE id = ?
        UNION ALL SELECT messages.id, messages.conversation FROM branch
        JOIN messages ON messages.conversation = branch.conversation
                     AND messages.parent = branch.id
    )
    SELECT id FROM branch
"""
_DELETED = """
    WITH RECURSIVE deleted(id, conversation) AS (
        SELECT id, conversation FROM messages WHERE binned_at < ?
            AND conversation NOT IN (SELECT value FROM json_each(?))
        UNION SELECT messages.id, messages.conversation FROM deleted
        JOIN messages ON messages.conversation = deleted.conversation
                     AND messages.parent = deleted.id
    )
    SELECT id FROM deleted ORDER BY id
"""
_NEWEST_LEAF = """
    SELECT id FROM messages WHERE conversation = ? AND parent = ? AND binned_at IS NULL
    ORDER BY id DESC LIMIT 1
"""


def message(database: Database, id: str) -> Message | None:
    """Return one message, from the bin too."""
    row = database.one("SELECT * FROM messages WHERE id = ?", id)
    return readable(Message, row) if row else None


def path_to(database: Database, leaf: str) -> list[Message]:
    """Return the messages from the first one to ``leaf``."""
    return [readable(Message, row) for row in database.all(_PATH, leaf)]


def messages(database: Database, conversation: str) -> list[Message]:
    """Return all messages of a conversation, of all branches, oldest first; none of the bin."""
    rows = database.all(
        "SELECT * FROM messages WHERE conversation = ? AND binned_at IS NULL ORDER BY id",
        conversation,
    )
    return [readable(Message, row) for row in rows]


def branch(database: Database, root: str) -> list[str]:
    """Return the ids of a message and of all that follow it."""
    return [row[0] for row in database.all(_BRANCH, root)]


def deleted_before(database: Database, moment: float, gone: Sequence[str]) -> list[str]:
    """Return the ids of what went to the bin before ``moment``, and of all that follows it.

    Args:
        gone: Conversations that are left out.
    """
    return [row[0] for row in database.all(_DELETED, moment, json.dumps(list(gone)))]


def children(database: Database, conversation: str, parent: str) -> list[Message]:
    """Return what directly follows ``parent`` (empty: first messages), oldest first."""
    rows = database.all(
        "SELECT * FROM messages WHERE conversation = ? AND parent = ? AND binned_at IS NULL"
        " ORDER BY id",
        conversation,
        parent,
    )
    return [readable(Message, row) for row in rows]


def siblings(database: Database, of: Message) -> Siblings:
    """Return the versions of a message, itself among them even if it is in the bin."""
    rows = database.all(
        "SELECT id FROM messages WHERE conversation = ? AND parent = ?"
        " AND (binned_at IS NULL OR id = ?) ORDER BY id",
        of.conversation,
        of.parent,
        of.id,
    )
    ids = [row[0] for row in rows]
    return Siblings(ids.index(of.id), len(ids), ids)


def newest_leaf(database: Database, conversation: str, below: str) -> str:
    """Follow the newest child from ``below`` (empty: the top) to the end; return that."""
    while child := database.value(_NEWEST_LEAF, conversation, below):
        below = str(child)
    return below
