"""Conversations as plugins see them: trees of messages, where an edit is a sibling. Protocols only.

``ctx.library.conversations`` is the store. Each change is durable when its method returns. Methods
wait for the disk: call them with ``ctx.run_later``. An id that is not there is a ``NOT_FOUND``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from studio.api.stability import since


class Conversation(Protocol):
    """A tree of messages, as it was when it was asked for."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def head(self) -> str:
        """The leaf that is shown; empty while there is no message."""
        ...

    @property
    @since("1.1")
    def folder(self) -> str:
        """The folder name, defined by the page; empty for none."""
        ...

    @property
    def system(self) -> str:
        """The system prompt."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """Whatever the page keeps with it: sampling, say."""
        ...

    @property
    def pinned(self) -> bool: ...

    @property
    @since("1.1")
    def binned_at(self) -> float | None:
        """When it went to the bin, in seconds since 1970; None while it is not there."""
        ...

    @property
    def updated(self) -> float:
        """When something was last said in it, in seconds since 1970."""
        ...


class Message(Protocol):
    """One node of a tree, as it was when it was asked for."""

    @property
    def id(self) -> str: ...

    @property
    def conversation(self) -> str: ...

    @property
    def parent(self) -> str:
        """The message it follows; empty for a first one."""
        ...

    @property
    def role(self) -> str:
        """``user``, ``assistant``, ``system`` or ``tool``."""
        ...

    @property
    def content(self) -> str: ...

    @property
    def state(self) -> str:
        """``complete``, ``partial`` (being written) or ``interrupted``."""
        ...

    @property
    def record(self) -> str:
        """Id of the record of its job; empty for user messages."""
        ...

    @property
    def extra(self) -> Mapping[str, Any]:
        """Whatever else the page keeps: speed, why it ended."""
        ...


@since("1.1")
class MessageMatch(Protocol):
    """A message that a search met."""

    @property
    def conversation(self) -> Conversation: ...

    @property
    def message(self) -> Message: ...

    @property
    def snippet(self) -> str:
        """The words around the match, which stands between ``[`` and ``]``."""
        ...


class Siblings(Protocol):
    """The versions of a message: the arrows ‹2/3›."""

    @property
    def ids(self) -> Sequence[str]:
        """All of them, oldest first."""
        ...


class ReplyJournal(Protocol):
    """A reply while it is written; a crash loses at most a second of it."""

    message: str
    """Id of the message it becomes."""

    def append(self, text: str) -> None:
        """Add a piece; never waits for the disk."""
        ...


@since("1.1")
@dataclass(frozen=True)
class NewMessage:
    """A message of a conversation that comes from elsewhere.

    Attributes:
        key: What ``parent`` of others calls it; the library gives it an id of its own.
        parent: Key of the message it follows, which stands before it; empty for a first one.
        created: In seconds since 1970.
    """

    key: str
    role: str
    content: str
    parent: str = ""
    created: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)


@since("1.1")
@dataclass(frozen=True)
class NewConversation:
    """A whole conversation that comes from elsewhere.

    Attributes:
        head: Key of the message at the end of the branch that is shown; empty for the last.
        created, updated: In seconds since 1970.
    """

    title: str
    messages: Sequence[NewMessage]
    head: str = ""
    system: str = ""
    folder: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0


class Conversations(Protocol):
    """The store of all conversations."""

    def create(
        self,
        title: str = "",
        *,
        folder: str = "",
        system: str = "",
        settings: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """Begin a conversation without messages."""
        ...

    @since("1.1")
    def add_whole(self, new: NewConversation, *, binned: bool = False) -> Conversation:
        """Add a conversation with all its messages, all or nothing.

        Args:
            binned: It begins in the bin: what comes in many parts is shown once all are there.

        Raises:
            StudioError: A message follows one that does not stand before it, or nothing can be
                written.
        """
        ...

    @since("1.1")
    def bin_all(self, ids: Sequence[str], binned: bool = True) -> None:
        """Put conversations in the bin, or take them out, all or none."""
        ...

    def get(self, id: str) -> Conversation:
        """Return a conversation, from the bin too."""
        ...

    def list(
        self,
        query: str = "",
        *,
        folder: str | None = None,
        binned: bool = False,
        limit: int = 500,
    ) -> Sequence[Conversation]:
        """Return conversations, pinned first, then the latest; ``query``: titles and messages.

        Args:
            folder: Only those in it; None for all.
            binned: Those in the bin.
        """
        ...

    @since("1.1")
    def search(self, query: str, limit: int = 50) -> Sequence[MessageMatch]:
        """Return messages that have every word of ``query``, best first, without the bin."""
        ...

    def update(self, id: str, **fields: Any) -> Conversation:
        """Change ``title``, ``pinned``, ``folder``, ``system``, ``settings`` or ``head``."""
        ...

    def rename(self, id: str, title: str) -> Conversation:
        """Give a conversation another title."""
        ...

    def pin(self, id: str, pinned: bool = True) -> Conversation:
        """Keep a conversation at the top, or no longer."""
        ...

    def bin(self, id: str) -> Conversation:
        """Put a conversation in the bin; ``restore`` brings it back whole."""
        ...

    def restore(self, id: str) -> Conversation:
        """Take a conversation out of the bin."""
        ...

    def export(self, id: str, path: Path) -> None:
        """Write the branch that is shown to ``path``: by its suffix HTML, JSON, else Markdown.

        HTML holds all it needs; JSON has the other branches too.

        Raises:
            StudioError: It is not there, or the file cannot be written.
        """
        ...

    def add_message(
        self,
        conversation: str,
        parent: str | None,
        role: str,
        content: str = "",
        *,
        record: str = "",
        artifacts: Sequence[str] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> Message:
        """Add a message after ``parent`` (none: as a first one) and show the path to it."""
        ...

    def edit(self, message: str, content: str, **fields: Any) -> Message:
        """Add another version beside a message and show it; ``fields`` as ``add_message`` has."""
        ...

    def update_message(self, id: str, **fields: Any) -> Message:
        """Change ``content``, ``state``, ``record``, ``artifacts`` or ``extra`` in place."""
        ...

    def message(self, id: str) -> Message:
        """Return one message."""
        ...

    def thread(self, conversation: str) -> Sequence[Message]:
        """Return the visible messages, from the first one to the head."""
        ...

    def siblings(self, message: str) -> Siblings:
        """Return the versions of a message, itself among them."""
        ...

    def newest_leaf(self, message: str) -> str:
        """Return the end of the newest branch through ``message``: where an arrow leads."""
        ...

    def set_head(self, conversation: str, message: str | None) -> Conversation:
        """Show the path to ``message``."""
        ...

    def delete_branch(self, message: str) -> Conversation:
        """Put a message and all that follow it in the bin; ``restore_branch`` brings them back."""
        ...

    def restore_branch(self, message: str) -> Conversation:
        """Undo ``delete_branch``, and show the newest leaf of the branch."""
        ...

    def begin_reply(
        self, conversation: str, parent: str | None, *, role: str = "assistant", **fields: Any
    ) -> ReplyJournal:
        """Add an empty message and return the journal to append its text to.

        If the studio dies before ``finish_reply``, the next start keeps what there was.
        """
        ...

    def journal(self, message: str) -> ReplyJournal:
        """Return a journal for a message that is ``partial`` already: a reply that is continued."""
        ...

    def finish_reply(
        self, journal: Any, *, state: str = "complete", content: str | None = None, **fields: Any
    ) -> Message:
        """Store the text of a reply (or ``content`` instead) in its message."""
        ...
