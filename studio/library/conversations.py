"""Conversations as trees of messages: an edit is a sibling, nothing is lost. Knows no page."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from studio.api.window.conversations import NewConversation
from studio.base import disk
from studio.library.messages import search as message_search
from studio.library.messages import tree
from studio.library.rows import (
    Conversation,
    Found,
    Message,
    MessageState,
    Siblings,
    plain,
    readable,
)
from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.library.storage.event_log import Event, EventLog
from studio.library.storage.text_journal import TextJournal
from studio.library.storage.ulid import new_id
from studio.library.transcript import transcript
from studio.protocol.errors import ErrorCode, StudioError

# Aliases, since ``Conversations.list`` hides the builtin from the annotations of its class.
ConversationList = list[Conversation]
MessageList = list[Message]
FoundList = list[Found]
Names = list[str]
Events = list[Event]


class Conversations:
    """The conversations of a library. Each change is durable when its method returns.

    Args:
        journals: Folder of replies in progress.
        on_error: Told when a reply in progress cannot be kept on the disk.
    """

    def __init__(
        self,
        database: Database,
        history: EventLog,
        journals: Path,
        on_error: Callable[[StudioError], None],
    ) -> None:
        self._database = database
        self._history = history
        self._journals = journals
        self._on_error = on_error

    # --- conversations ------------------------------------------------------------------------

    def create(
        self,
        title: str = "",
        *,
        folder: str = "",
        system: str = "",
        settings: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """Begin a conversation without messages."""
        now = time.time()
        conversation = Conversation(
            id=new_id(),
            created=now,
            updated=now,
            title=title,
            folder=folder,
            system=system,
            settings=dict(settings or {}),
        )
        with self._changing(conversation.id) as (connection, events):
            row_writer.insert(connection, conversation)
            events.append({"conversation": plain(conversation)})
        return conversation

    def add_whole(self, new: NewConversation, *, binned: bool = False) -> Conversation:
        """Add a conversation with all its messages, all or nothing.

        Args:
            binned: It begins in the bin.

        Raises:
            StudioError: A message follows one that does not stand before it.
        """
        now = time.time()
        ids: dict[str, str] = {"": ""}
        conversation = Conversation(
            id=new_id(),
            created=new.created or now,
            updated=new.updated or new.created or now,
            title=new.title,
            folder=new.folder,
            system=new.system,
            settings=dict(new.settings),
            binned_at=now if binned else None,
        )
        with self._changing(conversation.id) as (connection, events):
            messages = []
            for entry in new.messages:
                if entry.parent not in ids or entry.key in ids:
                    raise StudioError(ErrorCode.BAD_INPUT, "The messages are not in order.")
                ids[entry.key] = new_id()
                message = Message(
                    id=ids[entry.key],
                    created=entry.created or conversation.created,
                    conversation=conversation.id,
                    parent=ids[entry.parent],
                    role=entry.role,
                    content=entry.content,
                    extra=dict(entry.extra),
                )
                messages.append(message)
            last = messages[-1].id if messages else ""
            shown = msgspec.structs.replace(conversation, head=ids.get(new.head) or last)
            row_writer.insert(connection, shown)
            events.append({"conversation": plain(shown)})
            for message in messages:
                row_writer.insert(connection, message)
                events.append({"message": plain(message)})
        return shown

    def get(self, id: str) -> Conversation:
        """Return a conversation, from the bin too.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        row = self._database.one("SELECT * FROM conversations WHERE id = ?", id)
        if row is None:
            raise StudioError(ErrorCode.NOT_FOUND, "This conversation is not in the library.")
        return readable(Conversation, row)

    def list(
        self,
        query: str = "",
        *,
        folder: str | None = None,
        pinned: bool | None = None,
        binned: bool = False,
        limit: int = 500,
        offset: int = 0,
    ) -> ConversationList:
        """Return conversations, pinned first, then the latest; ``query``: titles and messages."""
        terms = [f"binned_at IS {'NOT' if binned else ''} NULL"]
        values: list[Any] = []
        if folder is not None:
            terms.append("folder = ?")
            values.append(folder)
        if pinned is not None:
            terms.append("pinned = ?")
            values.append(pinned)
        if query.strip():
            term, more = message_search.mentioning(query)
            terms.append(term)
            values.extend(more)
        rows = self._database.all(
            f"SELECT * FROM conversations WHERE {' AND '.join(terms)}"
            " ORDER BY pinned DESC, updated DESC, id DESC LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )
        return [readable(Conversation, row) for row in rows]

    def folders(self) -> Names:
        """Return the folders in use, sorted."""
        rows = self._database.all(
            "SELECT DISTINCT folder FROM conversations"
            " WHERE folder <> '' AND binned_at IS NULL ORDER BY folder COLLATE NOCASE"
        )
        return [row[0] for row in rows]

    def rename(self, id: str, title: str) -> Conversation:
        """Give a conversation another title."""
        return self.update(id, title=title)

    def pin(self, id: str, pinned: bool = True) -> Conversation:
        """Keep a conversation at the top, or no longer."""
        return self.update(id, pinned=pinned)

    def bin(self, id: str) -> Conversation:
        """Put a conversation in the bin; ``restore`` brings it back whole."""
        return self.update(id, binned_at=time.time())

    def restore(self, id: str) -> Conversation:
        """Take a conversation out of the bin."""
        return self.update(id, binned_at=None)

    def bin_all(self, ids: Sequence[str], binned: bool = True) -> None:
        """Put conversations in the bin, or take them out, all or none."""
        moment = time.time() if binned else None
        with self._database.write("move the conversations", freeing=True) as connection:
            connection.executemany(
                "UPDATE conversations SET binned_at = ? WHERE id = ?", [(moment, id) for id in ids]
            )
            for id in ids:
                self._history.append(f"conversations/{id}", {"set": {"binned_at": moment}})

    def update(self, id: str, **fields: Any) -> Conversation:
        """Change fields: ``title``, ``pinned``, ``folder``, ``system``, ``settings``, ``head``."""
        changed = msgspec.structs.replace(self.get(id), **fields)
        with self._changing(id, freeing="binned_at" in fields) as (connection, events):
            row_writer.upsert(connection, changed)
            events.append({"set": fields})
        return changed

    def export(self, id: str, path: Path) -> None:
        """Write the branch that is shown to ``path``: by its suffix HTML, JSON, else Markdown.

        Raises:
            StudioError: It is not there, or the file cannot be written; what was there stays.
        """
        rows = tree.messages(self._database, id) if path.suffix.lower() == ".json" else ()
        text = transcript(self.get(id), self.thread(id), path.suffix, rows)
        try:
            disk.write_durably(path, text.encode())
        except OSError as error:
            raise disk.explain(error, "export the conversation", path) from error

    def binned_before(self, moment: float) -> Names:
        """Return the ids of what went to the bin before ``moment``."""
        rows = self._database.all("SELECT id FROM conversations WHERE binned_at < ?", moment)
        return [row[0] for row in rows]

    def deleted_before(self, moment: float, gone: Sequence[str] = ()) -> Names:
        """Return the ids of the messages that ``delete_branch`` put in the bin before ``moment``.

        Args:
            gone: Conversations that are left out.
        """
        return tree.deleted_before(self._database, moment, gone)

    # --- messages -----------------------------------------------------------------------------

    def add_message(
        self,
        conversation: str,
        parent: str | None,
        role: str,
        content: str = "",
        *,
        state: MessageState | str = MessageState.COMPLETE,
        record: str = "",
        artifacts: Sequence[str] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> Message:
        """Add a message after ``parent`` (none: as a first one) and make it the head.

        Raises:
            StudioError: ``NOT_FOUND`` if the conversation or the parent is not there.
        """
        message = Message(
            id=new_id(),
            created=time.time(),
            conversation=conversation,
            parent=parent or "",
            role=role,
            content=content,
            state=MessageState(state),
            record=record,
            artifacts=tuple(artifacts),
            extra=dict(extra or {}),
        )
        self.get(conversation)
        if parent and self.message(parent).conversation != conversation:
            raise StudioError(
                ErrorCode.BAD_INPUT, "A message cannot reply to one in another conversation."
            )
        with self._changing(conversation) as (connection, events):
            row_writer.insert(connection, message)
            events.append({"message": plain(message)})
            self._touch(connection, events, conversation, head=message.id, updated=message.created)
        return message

    def edit(self, message: str, content: str, **fields: Any) -> Message:
        """Add another version of a message beside it, and make it the head; the old one stays.

        Args:
            fields: As ``add_message`` takes them.
        """
        old = self.message(message)
        return self.add_message(old.conversation, old.parent, old.role, content, **fields)

    def update_message(self, id: str, **fields: Any) -> Message:
        """Change fields: ``content``, ``state``, ``record``, ``artifacts``, ``extra``."""
        changed = msgspec.structs.replace(self.message(id), **fields)
        with self._changing(changed.conversation, freeing=True) as (connection, events):
            row_writer.upsert(connection, changed)
            events.append({"message": plain(changed)})
        return changed

    def message(self, id: str) -> Message:
        """Return one message.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        message = tree.message(self._database, id)
        if message is None:
            raise StudioError(ErrorCode.NOT_FOUND, "This message is not in the library.")
        return message

    def thread(self, conversation: str) -> MessageList:
        """Return the visible thread: the messages from the first one to the head."""
        return self.path_to(self.get(conversation).head)

    def path_to(self, leaf: str) -> MessageList:
        """Return the messages from the first one to ``leaf``."""
        return tree.path_to(self._database, leaf)

    def children(self, message: str) -> MessageList:
        """Return what directly follows a message, oldest first."""
        return tree.children(self._database, self.message(message).conversation, message)

    def roots(self, conversation: str) -> MessageList:
        """Return the versions of the first message, oldest first."""
        return tree.children(self._database, conversation, "")

    def siblings(self, message: str) -> Siblings:
        """Return (position, total, ids) of the versions of a message: the arrows ‹2/3›."""
        return tree.siblings(self._database, self.message(message))

    def newest_leaf(self, message: str) -> str:
        """Return the end of the newest branch through ``message``: where an arrow leads."""
        conversation = self.message(message).conversation
        return tree.newest_leaf(self._database, conversation, message)

    def set_head(self, conversation: str, message: str | None) -> Conversation:
        """Show the path to ``message``."""
        if message and self.message(message).conversation != conversation:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                "A conversation cannot end with a message from another conversation.",
            )
        return self.update(conversation, head=message or "")

    def delete_branch(self, message: str) -> Conversation:
        """Move a message and its descendants to the bin; the head moves to a remaining message.

        ``restore_branch`` brings the same messages back.
        """
        root = self.message(message)
        doomed = tree.branch(self._database, message)
        self._bin_messages(root.conversation, doomed, time.time(), only=None)
        conversation = self.get(root.conversation)
        if conversation.head in doomed:
            leaf = tree.newest_leaf(self._database, root.conversation, root.parent)
            conversation = self.set_head(root.conversation, leaf)
        return conversation

    def restore_branch(self, message: str) -> Conversation:
        """Undo ``delete_branch``, and make the newest leaf of the branch the head."""
        root = self.message(message)
        branch = tree.branch(self._database, message)
        self._bin_messages(root.conversation, branch, None, only=root.binned_at)
        return self.set_head(root.conversation, self.newest_leaf(message))

    def search(self, query: str, limit: int = 50) -> FoundList:
        """Return messages that have every word of ``query``, best first, without the bin."""
        matches = message_search.find(self._database, query, limit)
        return [Found(self.get(m.conversation), m, snippet) for m, snippet in matches]

    # --- replies in progress ------------------------------------------------------------------

    def begin_reply(
        self, conversation: str, parent: str | None, *, role: str = "assistant", **fields: Any
    ) -> TextJournal:
        """Add an empty, partial message and return the journal to append its text to.

        End it with ``finish_reply``. If the studio dies first, the next start keeps what there was
        as an interrupted message.
        """
        fields["state"] = MessageState.PARTIAL
        return self.journal(self.add_message(conversation, parent, role, "", **fields).id)

    def journal(self, message: str) -> TextJournal:
        """Return a journal for a partial message that was added by hand."""
        return TextJournal(self._journals / f"{message}.txt", message, self._on_error)

    def finish_reply(
        self,
        journal: TextJournal,
        *,
        state: MessageState | str = MessageState.COMPLETE,
        content: str | None = None,
        **fields: Any,
    ) -> Message:
        """Store the text of a reply (or ``content`` instead) in its message; drop the journal."""
        text = journal.text if content is None else content
        message = self.update_message(
            journal.message, content=text, state=MessageState(state), **fields
        )
        journal.remove()
        return message

    # --- inside -------------------------------------------------------------------------------

    @contextmanager
    def _changing(
        self, id: str, *, freeing: bool = False
    ) -> Iterator[tuple[sqlite3.Connection, Events]]:
        """Hold a transaction; the events that the block collects reach the disk before it ends."""
        events: Events = []
        with self._database.write("save the conversation", freeing=freeing) as connection:
            yield connection, events
            self._history.append(f"conversations/{id}", *events)

    @staticmethod
    def _touch(connection: sqlite3.Connection, events: Events, id: str, **columns: Any) -> None:
        changes = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(
            f"UPDATE conversations SET {changes} WHERE id = ?", (*columns.values(), id)
        )
        events.append({"set": columns})

    def _bin_messages(
        self, conversation: str, ids: Sequence[str], moment: float | None, *, only: float | None
    ) -> None:
        """Move those of ``ids`` binned at ``only`` (None: not binned) into or out of the bin."""
        with self._changing(conversation, freeing=True) as (connection, events):
            connection.executemany(
                "UPDATE messages SET binned_at = ? WHERE id = ? AND binned_at IS ?",
                [(moment, id, only) for id in ids],
            )
            events.append({"bin": list(ids), "at": moment, "only": only})
