"""Who listens to a conversation while it is out of view: one that draws nothing."""

from __future__ import annotations

from typing import Protocol

from studio.api import StudioError
from studio_chat.pages.session import Session
from studio_chat.pages.thread.turns import Turn


class Keeper(Protocol):
    """The parts of the page that the listener uses."""

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
        """Save the text of a message that could not be saved as a draft."""
        self._page.keep_draft(self._session.id, text)

    def turns_changed(self) -> None:
        """Nobody looks."""

    def turn_changed(self, turn: Turn) -> None:
        """Nobody looks."""

    def text_added(self, turn: str, text: str) -> None:
        """Nobody looks."""

    def conversation_changed(self) -> None:
        """Nobody looks."""
