"""Starts one server when it is asked for something, and ends it when it no longer is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from studio.automation.tools.servers.connection import Connection
from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.results import Progress, ServerResult
from studio.automation.tools.servers.status import ServerState, ServerStatus
from studio.automation.tools.servers.tool_list import ServerTool
from studio.protocol.errors import StudioError
from studio.sandbox.sandbox import Sandbox

IDLE_SECONDS = 600.0


class Keeper:
    """One server, on the loop alone; ``tell`` is called with each change of its state."""

    def __init__(
        self,
        entry: ServerEntry,
        find_box: Callable[[], Sandbox],
        tell: Callable[[ServerStatus], None],
    ) -> None:
        self.tell = tell
        self._entry, self._find_box = entry, find_box
        self._connection: Connection | None = None
        self._starting = asyncio.Lock()
        self._busy = 0
        self._idle: asyncio.TimerHandle | None = None
        self._follower: asyncio.Task[None] | None = None

    async def connection(self, identity: str = "") -> Connection:
        """Return the conversation with it; starts it if need be.

        Args:
            identity: That of the server that was agreed to; another one is not started.

        Raises:
            StudioError: It is another one, or it does not start.
        """
        async with self._starting:
            if self._connection is not None:
                if not self._connection.end_reason:
                    return self._connection
                await self._connection.gone()
            self.tell(ServerStatus(ServerState.STARTING))
            connection = self._connection = Connection(self._entry, self._find_box(), identity)
            try:
                await connection.open()
            except BaseException as error:
                self._connection = None
                await connection.close("It was stopped before it was ready.")
                reason = str(error) if isinstance(error, StudioError) else connection.end_reason
                self._told(connection, ServerState.FAILED, reason)
                raise
            self._told(connection, ServerState.RUNNING)
            self._follower = asyncio.create_task(self._follow(connection))
            self._wait()
            return connection

    async def call(
        self, tool: ServerTool, identity: str, arguments: Mapping[str, Any], progress: Progress
    ) -> ServerResult:
        """Call a tool; as ``Connection.call``."""
        self._busy += 1
        try:
            connection = await self.connection(identity)
            try:
                return await connection.call(tool.name, tool.digest, arguments, progress)
            finally:
                if not connection.end_reason:
                    self._told(connection, ServerState.RUNNING)
        finally:
            self._busy -= 1
            self._wait()

    async def stop(self, reason: str) -> None:
        """End it; return when it is gone."""
        async with self._starting:
            if self._connection is not None:
                await self._connection.close(reason)
                self._connection = None
                self.tell(ServerStatus(ServerState.STOPPED))

    async def _follow(self, connection: Connection) -> None:
        """Report its end, by itself or for a fault."""
        await connection.gone()
        if self._connection is connection:
            self._connection = None
            self._told(connection, ServerState.FAILED, connection.end_reason)

    def _told(self, connection: Connection, state: ServerState, reason: str = "") -> None:
        self.tell(
            ServerStatus(
                state,
                reason,
                tuple(connection.last_lines),
                tuple(connection.tools.values()),
                tuple(connection.notes),
                connection.identity,
                connection.walls,
            )
        )

    def _wait(self) -> None:
        """Count anew how long nobody has asked for anything."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest)

    def _rest(self) -> None:
        if not self._busy:
            self._resting = asyncio.create_task(self.stop("It was not used for a while."))
