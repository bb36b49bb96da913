"""A private conversation: the tree of its messages in memory alone. Writes nothing anywhere."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.api import ErrorCode, StudioError

PRIVATE = "private-"
"""Begins the id of each, and of its messages."""
_number = itertools.count(1)


@dataclass(frozen=True)
class PrivateRow:
    """In-memory counterpart of ``studio.api.window.conversations.Conversation``."""

    id: str
    title: str = ""
    head: str = ""
    system: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    pinned: bool = False
    binned_at: float | None = None
    updated: float = 0.0


@dataclass(frozen=True)
class PrivateMessage:
    """One node of the tree; see ``Message`` there."""

    id: str
    conversation: str
    parent: str
    role: str
    content: str = ""
    state: str = "complete"
    record: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    binned: bool = False


@dataclass(frozen=True)
class _Versions:
    ids: Sequence[str]


class _Journal:
    """A reply while it is written."""

    def __init__(self, message: str) -> None:
        self.message, self.pieces = message, list[str]()

    def append(self, text: str) -> None:
        """Add a piece."""
        self.pieces.append(text)


class PrivateStore:
    """One conversation in memory, with the interface of ``studio.api.window.conversations``.

    Thread-safe. Its content is freed with the last reference.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._row = PrivateRow(f"{PRIVATE}{next(_number)}")
        self._messages: dict[str, PrivateMessage] = {}

    # --- the conversation ---------------------------------------------------------------------

    def create(self, title: str = "", **fields: Any) -> PrivateRow:
        """Begin it."""
        return self.update(self._row.id, title=title, **fields)

    def get(self, id: str) -> PrivateRow:
        """Return it as it is now."""
        if id != self._row.id:
            raise _gone()
        return self._row

    def update(self, id: str, **fields: Any) -> PrivateRow:
        """Change its title, system prompt, settings or head."""
        with self._lock:
            self._row = replace(self.get(id), updated=time.time(), **fields)
            return self._row

    def rename(self, id: str, title: str) -> PrivateRow:
        """Give it another title."""
        return self.update(id, title=title)

    def set_head(self, id: str, message: str | None) -> PrivateRow:
        """Show the path to a message."""
        return self.update(id, head=message or "")

    # --- its messages -------------------------------------------------------------------------

    def message(self, id: str) -> PrivateMessage:
        """Return one message."""
        with self._lock:
            if id not in self._messages:
                raise _gone()
            return self._messages[id]

    def add_message(
        self, id: str, parent: str | None, role: str, content: str = "", **fields: Any
    ) -> PrivateMessage:
        """Add a message after ``parent`` and show the path to it."""
        with self._lock:
            given = {name: value for name, value in fields.items() if value is not None}
            new = PrivateMessage(
                f"{id}.{len(self._messages) + 1}", id, parent or "", role, content, **given
            )
            self._messages[new.id] = new
            self.set_head(id, new.id)
            return new

    def edit(self, message: str, content: str, **fields: Any) -> PrivateMessage:
        """Add another version beside a message and show it."""
        old = self.message(message)
        return self.add_message(old.conversation, old.parent, old.role, content, **fields)

    def update_message(self, id: str, **fields: Any) -> PrivateMessage:
        """Change a message in place."""
        with self._lock:
            self._messages[id] = replace(self.message(id), **fields)
            return self._messages[id]

    def thread(self, id: str) -> list[PrivateMessage]:
        """Return the messages from the first one to the head."""
        with self._lock:
            path: list[PrivateMessage] = []
            at = self.get(id).head
            while at:
                path.append(self.message(at))
                at = path[-1].parent
            return path[::-1]

    def siblings(self, message: str) -> _Versions:
        """Return the versions of a message."""
        with self._lock:
            parent = self.message(message).parent
            return _Versions(tuple(sibling.id for sibling in self._after(parent)))

    def newest_leaf(self, message: str) -> str:
        """Return the end of the newest branch through a message."""
        with self._lock:
            at = message
            while after := self._after(at):
                at = after[-1].id
            return at

    def delete_branch(self, message: str) -> PrivateRow:
        """Take a message and what follows it out of the tree."""
        with self._lock:
            old = self.update_message(message, binned=True)
            beside = self._after(old.parent)
            head = self.newest_leaf(beside[-1].id) if beside else old.parent
            return self.set_head(old.conversation, head)

    def restore_branch(self, message: str) -> PrivateRow:
        """Undo ``delete_branch``."""
        with self._lock:
            old = self.update_message(message, binned=False)
            return self.set_head(old.conversation, self.newest_leaf(message))

    def _after(self, parent: str) -> list[PrivateMessage]:
        return [m for m in self._messages.values() if m.parent == parent and not m.binned]

    # --- replies ------------------------------------------------------------------------------

    def begin_reply(
        self, id: str, parent: str | None, *, role: str = "assistant", **fields: Any
    ) -> _Journal:
        """Add an empty message; return what takes its text."""
        return _Journal(self.add_message(id, parent, role, state="partial", **fields).id)

    def journal(self, message: str) -> _Journal:
        """Return what takes the rest of a reply that is continued."""
        return _Journal(message)

    def finish_reply(
        self, journal: _Journal, *, state: str = "complete", content: str | None = None,
        **fields: Any,
    ) -> PrivateMessage:  # fmt: skip
        """Put the text of a reply into its message."""
        text = "".join(journal.pieces) if content is None else content
        changes = {name: value for name, value in fields.items() if name in ("record", "extra")}
        return self.update_message(journal.message, content=text, state=state, **changes)


def _gone() -> StudioError:
    return StudioError(
        ErrorCode.NOT_FOUND, "The private conversation is over.", "Begin another one."
    )
