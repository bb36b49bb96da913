"""Finding words in conversations. Reads only."""

from __future__ import annotations

from typing import Any

from studio.library.rows import Message, readable
from studio.library.search_query import like_pattern, match_expression
from studio.library.storage.database import Database


def find(database: Database, query: str, limit: int) -> list[tuple[Message, str]]:
    """Return messages that have every word of ``query``, best first, each with a snippet."""
    shown = "messages.binned_at IS NULL AND conversations.binned_at IS NULL"
    if match := match_expression(query):
        rows = database.all(
            "SELECT messages.*, snippet(message_search, 0, '[', ']', '…', 12) AS snippet"
            " FROM message_search JOIN messages ON messages.n = message_search.rowid"
            " JOIN conversations ON conversations.id = messages.conversation"
            f" WHERE message_search MATCH ? AND {shown} ORDER BY rank LIMIT ?",
            match,
            limit,
        )
    elif query.strip():
        rows = database.all(
            "SELECT messages.*, substr(content, max(1, instr(content, ?) - 40), 120) AS snippet"
            " FROM messages JOIN conversations ON conversations.id = messages.conversation"
            rf" WHERE content LIKE ? ESCAPE '\' AND {shown}"
            " ORDER BY messages.id DESC LIMIT ?",
            query.strip(),
            like_pattern(query),
            limit,
        )
    else:
        rows = []
    return [(readable(Message, row), row["snippet"]) for row in rows]


def mentioning(query: str) -> tuple[str, list[Any]]:
    """Return a condition that a title or a message of a conversation has the words."""
    if match := match_expression(query):
        term = (
            "(n IN (SELECT rowid FROM conversation_search WHERE conversation_search MATCH ?)"
            " OR id IN (SELECT conversation FROM messages WHERE binned_at IS NULL AND n IN"
            " (SELECT rowid FROM message_search WHERE message_search MATCH ?)))"
        )
        return term, [match, match]
    like = like_pattern(query)
    term = (
        r"(title LIKE ? ESCAPE '\' OR id IN (SELECT conversation FROM messages"
        r" WHERE binned_at IS NULL AND content LIKE ? ESCAPE '\'))"
    )
    return term, [like, like]
