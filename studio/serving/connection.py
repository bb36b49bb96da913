"""One connection: few at a time, and none that takes for ever to say what it wants."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 256
"""More than requests may be under way: the others are to hear that, and when to come back."""
HEADER_SECONDS = 10.0


class Connection(H11Protocol):
    """uvicorn's own, closed when there are too many or when no request comes."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Refuse what is too many; give the others ten seconds for their first header."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self._patience = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget about it."""
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if not self.cycle:  # no whole request so far
            self.transport.close()
