"""The writer's first step: complete or undo the work of one that died."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from studio.base import disk
from studio.library.artifacts import Artifacts
from studio.library.conversations import Conversations
from studio.library.rows import MessageState
from studio.library.storage import row_writer, text_journal
from studio.library.storage.blob_store import ObjectStore
from studio.library.storage.database import Database
from studio.library.upkeep.rebuild import read_sidecar
from studio.protocol.errors import StudioError


def recover(
    database: Database,
    store: ObjectStore,
    artifacts: Artifacts,
    conversations: Conversations,
    journals: Path,
    erase: Callable[[], None],
) -> list[str]:
    """Complete saves, pending erasures (by ``erase``) and replies; return news about it.

    Raises:
        OSError, StudioError: The disk refused; the next start goes on.
    """
    news = []
    if saves := settle_saves(database, store, artifacts):
        news.append(f"Results recovered from the last session: {saves}.")
    erase()
    if replies := recover_replies(database, conversations, journals):
        news.append(
            f"Replies interrupted when Offline Studio closed: {replies}. The text so far was kept."
        )
    return news


def settle_saves(database: Database, store: ObjectStore, artifacts: Artifacts) -> int:
    """Finish the saves that were whole, delete the others; return how many came in."""
    count = 0
    for id, data in store.announced():
        try:
            sidecar = read_sidecar(data)
            artifact, record = sidecar.parse()
        except (msgspec.MsgspecError, UnicodeDecodeError):
            store.withdraw(id)
            continue
        payload = store.path(artifact.digest, artifact.suffix)
        if not payload.exists() or payload.stat().st_size != artifact.bytes:
            store.withdraw(id)
            continue
        if record and not database.one("SELECT 1 FROM records WHERE id = ?", record.id):
            with database.write("save the job settings") as connection:
                row_writer.insert(connection, record)
        count += artifacts.adopt(artifact, sidecar.inputs)
        store.settle(id, artifact.digest)
    store.sweep()
    return count


def recover_replies(database: Database, conversations: Conversations, journals: Path) -> int:
    """Put the text of replies that a crash cut short into their messages; return how many."""
    texts = {id: text for id, text, _ in text_journal.left_behind(journals)}
    rows = database.all("SELECT id, content FROM messages WHERE state = 'partial'")
    for row in rows:
        conversations.update_message(
            row["id"],
            state=MessageState.INTERRUPTED,
            content=texts.pop(row["id"], "") or row["content"],
        )
    for id, text in texts.items():
        _keep_stray(conversations, id, text)
    for _, _, path in text_journal.left_behind(journals):
        disk.remove(path)
    return len(rows)


def _keep_stray(conversations: Conversations, id: str, text: str) -> None:
    """Keep text whose message is not in the library, unless that message was finished."""
    with suppress(StudioError):
        conversations.message(id)
        return
    if text.strip():
        conversation = conversations.create("Recovered text")
        conversations.add_message(
            conversation.id, None, "assistant", text, state=MessageState.INTERRUPTED
        )
