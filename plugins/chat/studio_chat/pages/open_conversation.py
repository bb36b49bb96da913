"""An open conversation, for what works in it and for who listens to it.

``session.py`` has the conversation itself; what it is made of sees no more than this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from studio.api import StudioError
from studio_chat.pages.aloud import Aloud
from studio_chat.pages.instructions import Instructions
from studio_chat.pages.thread.turns import Reply, Turn
from studio_chat.pages.tools.settings import ToolSettings


class Listener(Protocol):
    """Who wants to know. All calls come on the window's thread."""

    def turns_changed(self) -> None:
        """The branch in view is another one."""

    def turn_changed(self, turn: Turn) -> None:
        """One turn of it is different."""

    def text_added(self, turn: str, text: str) -> None:
        """The reply ``turn`` grew."""

    def reply_changed(self) -> None:
        """The reply moved on, began or ended."""

    def conversation_changed(self) -> None:
        """Its title or settings are different, or it is in the library now."""

    def sent(self, conversation: str, text: str) -> None:
        """A message is in the library; ``conversation`` is empty for the first of a new one."""

    def not_sent(self, text: str, error: StudioError) -> None:
        """Handle a message that could not be saved; ``text`` is its content."""


class OpenConversation(Protocol):
    """What an answer needs of its conversation; see ``Session``."""

    listener: Listener | None
    reply: Reply | None

    @property
    def id(self) -> str: ...

    @property
    def library_id(self) -> str: ...

    @property
    def private(self) -> Any: ...

    @property
    def store(self) -> Any: ...

    @property
    def title(self) -> str: ...

    @property
    def folder(self) -> str: ...

    @property
    def turns(self) -> Sequence[Turn]: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def instructions(self) -> Instructions: ...

    @property
    def tools(self) -> ToolSettings: ...

    @property
    def aloud(self) -> Aloud: ...

    def put(self, turn: Turn) -> None: ...

    def tell(self, what: str) -> None: ...

    def versioned(self, row: Any) -> Turn: ...
