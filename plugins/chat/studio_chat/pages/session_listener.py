"""Who listens to a conversation: the page, or, while it is out of view, one that draws nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from studio.api import StudioError
from studio_chat.pages.thread.turns import Turn

if TYPE_CHECKING:
    from studio_chat.pages.session import Session


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
        """A message could not be kept; here is its text back."""


class Keeper(Protocol):
    """What the listener needs of the page."""

    def keep_writing(self, session: Session) -> None: ...

    def forget(self, session: Session) -> None: ...

    def sent(self, conversation: str, text: str) -> None: ...

    def keep_draft(self, conversation: str, text: str) -> None: ...


class Elsewhere:
    """Listens to a session out of view, until its reply is over."""

    def __init__(self, page: Keeper, session: Session) -> None:
        self._page, self._session = page, session

    def reply_changed(self) -> None:
        """The reply may be over."""
        if not self._session.busy:
            self._page.forget(self._session)

    def sent(self, conversation: str, text: str) -> None:
        """A message is safe."""
        self._page.keep_writing(self._session)
        self._page.sent(conversation, text)

    def not_sent(self, text: str, error: StudioError) -> None:
        """A message could not be kept: it waits as a draft."""
        self._page.keep_draft(self._session.id, text)

    def turns_changed(self) -> None:
        """Nobody looks."""

    def turn_changed(self, turn: Turn) -> None:
        """Nobody looks."""

    def text_added(self, turn: str, text: str) -> None:
        """Nobody looks."""

    def conversation_changed(self) -> None:
        """Nobody looks."""
