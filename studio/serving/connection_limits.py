"""One connection: not too many at a time, and none that takes for ever to say what it wants."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from studio.serving.errors import Refusal, in_bytes

MOST_CONNECTIONS = 256
"""A client's pool opens many and leaves them idle: what costs is bounded by the requests under way.
Beyond it each is told so; beyond twice as many, cut off."""
HEADER_SECONDS = 10.0
PARTING_SECONDS = 1.0
"""Between the refusal of a connection and its end: one that is cut off may never read why."""


class Connection(H11Protocol):
    """uvicorn's own, turned away when there are too many, closed when no request comes."""

    _patience: asyncio.TimerHandle | None = None
    _is_surplus = False

    def connection_made(self, transport: Any) -> None:
        """Turn away what is too many; give the others ten seconds for their first header."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST_CONNECTIONS:
            transport.abort()
        elif len(self.connections) > MOST_CONNECTIONS:
            self._is_surplus = True
            told = f"Too many connections: {MOST_CONNECTIONS} are already open."
            transport.write(in_bytes(Refusal(503, told, "busy")))
            self._patience = self.loop.call_later(PARTING_SECONDS, transport.close)
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Take in what came, and look at the clock."""
        if not self._is_surplus:
            super().data_received(data)
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget about it."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _should_upgrade(self) -> bool:
        """Never: nothing here speaks web sockets, and a page that tries is no news for the log."""
        return False

    def _watch(self) -> None:
        """Give a header that has not come to its end its ten seconds; then close."""
        is_between = self.conn.their_state is h11.IDLE
        if not is_between or (self.cycle is not None and not self.conn.trailing_data[0]):
            self._wait_no_more()  # a request is there, or the next has not begun
        elif self._patience is None:
            self._patience = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
