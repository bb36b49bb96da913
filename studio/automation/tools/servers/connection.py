"""One run of a server, from its start to its end, and the requests to it.

All of it is on the loop of the servers' thread. The protocol is that of the package ``mcp``; how
long anything may take, and how much may come, is decided here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.automation.tools.servers import program
from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.process import ServerProcess
from studio.automation.tools.servers.results import Progress, ServerResult, read_result
from studio.automation.tools.servers.tool_list import MOST_TOOLS, ServerTool, read_tools
from studio.automation.tools.servers.walls import NO_WALLS
from studio.automation.tools.servers.words import harmless
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.shared.message import SessionMessage

START_SECONDS = 30.0
LIST_SECONDS = 10.0
QUIET_SECONDS = 120.0
"""A call may be without an answer or progress for so long, …"""
CALL_SECONDS = 1800.0
"""… and take so long in all."""
PING_SECONDS = 5.0
_MOST_PAGES = 20
_MOST_STRAY_LINES = 200
_LONGEST_PROGRESS = 200


class Connection:
    """A server that runs, and the conversation with it.

    Attributes:
        tools: What it has, as of the last look.
        notes: Sentences about what it has and cannot be used.
        identity: Digest of what runs.
        walls: Those it runs behind.
    """

    def __init__(self, entry: ServerEntry, box: Sandbox, agreed: str = "") -> None:
        """Describe it.

        Args:
            agreed: The identity that it must have; empty for any.
        """
        self._entry, self._agreed = entry, agreed
        self._box = box
        self.tools: dict[str, ServerTool] = {}
        self.notes: list[str] = []
        self.identity = ""
        self.walls = NO_WALLS
        self._process: ServerProcess | None = None
        self._session: ClientSession | None = None
        self._must_end = asyncio.Event()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._life: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the server and fetch its tools.

        Raises:
            StudioError: It does not start, or does not answer.
        """
        self._life = asyncio.create_task(self._live())
        await self._opened

    @property
    def end_reason(self) -> str:
        """Why it is gone or must go; empty while all is well."""
        return self._process.end_reason if self._process else ""

    @property
    def last_lines(self) -> list[str]:
        """The end of its log."""
        return self._process.last_lines if self._process else []

    async def gone(self) -> None:
        """Return when it is gone, with all that it started."""
        if self._life is not None:
            await asyncio.shield(self._life)

    async def close(self, reason: str) -> None:
        """End it; return when it is gone."""
        self._blame(reason)
        await self.gone()

    # --- what is asked of it ------------------------------------------------------------------

    async def look(self) -> None:
        """Fetch its tools again.

        Raises:
            StudioError: It does not answer.
        """
        from mcp import types

        listed: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor)
            request = types.ListToolsRequest(params=params)
            page = await self._ask(request, types.ListToolsResult, LIST_SECONDS)
            listed += page.tools
            cursor = page.next_cursor
            if cursor is None or len(listed) > MOST_TOOLS:
                break
        tools, self.notes = read_tools(listed)
        self.tools = {tool.name: tool for tool in tools}

    async def call(
        self, tool: str, digest: str, arguments: Mapping[str, Any], progress: Progress
    ) -> ServerResult:
        """Call a tool; cancelling the task of this tells the server so.

        Args:
            digest: Of the tool that was agreed to.

        Raises:
            StudioError: It is another tool by now, or there is no answer that can be used.
        """
        from mcp import types

        await self.look()
        if tool not in self.tools or self.tools[tool].digest != digest:
            raise changed(self._entry.name, tool)
        request = types.CallToolRequest(
            params=types.CallToolRequestParams(name=tool, arguments=dict(arguments))
        )
        try:
            answer = await self._ask(request, types.CallToolResult, QUIET_SECONDS, progress)
        except asyncio.CancelledError:
            self._after_stop = asyncio.create_task(self._still_hears())
            raise
        return await asyncio.to_thread(read_result, answer)

    async def _still_hears(self) -> None:
        """Kill a server that ignores a cancellation."""
        from mcp import types

        with contextlib.suppress(StudioError):
            await self._ask(types.PingRequest(), types.EmptyResult, PING_SECONDS)

    async def _ask(
        self, request: Any, answer: type[Any], seconds: float, progress: Progress | None = None
    ) -> Any:
        """Send a request and wait for its answer, for as long as the server gives signs of life.

        Raises:
            StudioError: There is none. A server that kept nobody informed is ended.
        """
        assert self._session is not None
        loop = asyncio.get_running_loop()
        heard = begun = loop.time()

        async def on_progress(done: float, total: float | None, message: str | None) -> None:
            nonlocal heard
            heard = loop.time()
            if progress is not None:
                progress(done, total, harmless(message or "", _LONGEST_PROGRESS))

        sending = self._session.send_request(request, answer, progress_callback=on_progress)
        pending = asyncio.ensure_future(sending)
        pending.add_done_callback(lambda future: future.cancelled() or future.exception())
        ended = asyncio.ensure_future(self._must_end.wait())
        try:
            while not pending.done():
                left = min(heard + seconds, begun + CALL_SECONDS) - loop.time()
                if self._must_end.is_set():
                    raise self.failure()
                if left <= 0:
                    self._blame(f"It gave no answer for {seconds:.0f} seconds.")
                    raise self.failure()
                await asyncio.wait({pending, ended}, timeout=left, return_when="FIRST_COMPLETED")
            return await self._answered(pending)
        finally:
            ended.cancel()
            if not pending.done():
                pending.cancel()
                await asyncio.wait({pending}, timeout=1.0)

    async def _answered(self, answer: asyncio.Future[Any]) -> Any:
        from mcp.shared.exceptions import MCPError

        try:
            return answer.result()
        except MCPError as error:
            if self.end_reason or self._must_end.is_set():
                raise self.failure() from error
            raise StudioError(
                ErrorCode.PROTOCOL,
                f"The server “{self._entry.name}” refused: {harmless(error.message, 500)}",
                "Change the arguments, or try again.",
            ) from error
        except (ValueError, RuntimeError, TypeError) as error:  # of what it sent
            raise StudioError(
                ErrorCode.PROTOCOL,
                f"The server “{self._entry.name}” gave an answer that is not what the protocol "
                "promises, so it was not used.",
                "Try again, or ask the authors of the server.",
                details=harmless(str(error), 2000),
            ) from error

    def _blame(self, reason: str) -> None:
        if self._process is not None:
            self._process.blame(reason)
        self._must_end.set()

    def failure(self) -> StudioError:
        """Return the error that says why there is no answer."""
        return StudioError(
            ErrorCode.PROTOCOL,
            f"The server “{self._entry.name}” has ended. {self.end_reason}".rstrip(),
            program.how_to_install(self._entry)
            or "It starts again with the next call. Settings shows its last lines.",
            details="\n".join(self.last_lines),
        )

    # --- its life -----------------------------------------------------------------------------

    async def _live(self) -> None:
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001 - the border of the task
            if not self._opened.done():
                self._opened.set_exception(error)
            self._blame(f"The conversation with it broke: {type(error).__name__}.")
        finally:
            self._must_end.set()
            if self._process is not None:
                await self._process.end()
            if not self._opened.done():
                self._opened.set_exception(self.failure())

    async def _run(self) -> None:
        path = await asyncio.to_thread(program.find, self._entry)
        self.identity = await asyncio.to_thread(program.digest, self._entry, path)
        if self._agreed not in ("", self.identity):
            raise changed(self._entry.name)
        await asyncio.to_thread(lambda: self._box.tier)
        # On this thread: bubblewrap ends its run when the thread that started it is gone.
        process = self._process = ServerProcess(self._entry, path, self._box, self._must_end)
        self.walls = process.walls
        await process.connect()
        watches = [asyncio.create_task(process.watch()), asyncio.create_task(process.keep_log())]
        try:
            await self._converse(process)
        finally:
            if not process.end_reason:
                process.blame(await process.own_end())
            for task in watches:
                task.cancel()

    async def _converse(self, process: ServerProcess) -> None:
        from mcp import ClientSession, types
        from mcp.shared.memory import create_client_server_memory_streams

        about = types.Implementation(name="offline-studio", version="1")
        async with create_client_server_memory_streams() as (ours, (from_session, to_session)):
            pumps = [
                asyncio.create_task(self._hear(process, to_session)),
                asyncio.create_task(_tell(process, from_session)),
            ]
            try:
                async with ClientSession(*ours, client_info=about) as session:
                    self._session = session
                    pumps.append(asyncio.create_task(self._greet(session)))
                    await self._must_end.wait()
            finally:
                for task in pumps:
                    task.cancel()
                await asyncio.wait(pumps)

    async def _greet(self, session: ClientSession) -> None:
        """Shake hands and fetch its tools; report the outcome to the opener."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await session.initialize()
                await self.look()
        except TimeoutError:
            self._blame(f"It did not answer within {START_SECONDS:.0f} seconds of its start.")
        except StudioError as error:
            self._opened.set_exception(error)
            self._must_end.set()
        except (ValueError, RuntimeError, TypeError) as error:
            self._blame(f"It does not speak MCP as it should: {harmless(str(error), 200)}")
        except Exception:  # noqa: BLE001 - of the protocol: the process has said why, or will
            self._must_end.set()
        else:
            self._opened.set_result(None)

    async def _hear(self, process: ServerProcess, session: Any) -> None:
        """Forward the server's messages; other output becomes lines of its log."""
        from mcp import types
        from mcp.shared.message import SessionMessage

        strays = 0
        async for line in process.lines():
            try:
                message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                process.say(line)
                strays += 1
                if strays > _MOST_STRAY_LINES:
                    process.blame("What it writes is not MCP.")
                    return
                continue
            await session.send(SessionMessage(message))
        process.blame(process.end_reason or await process.own_end())


async def _tell(process: ServerProcess, session: Any) -> None:
    message: SessionMessage
    async for message in session:
        text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
        await process.write(text.encode() + b"\n")


def changed(server: str, tool: str = "") -> StudioError:
    """Return the error for a server, or a tool of it, that is not the one that was agreed to."""
    what = f"The tool “{tool}” of the server “{server}”" if tool else f"The server “{server}”"
    return StudioError(
        ErrorCode.PERMISSION,
        f"{what} has changed since you last saw it, so it was not used.",
        "Check the server in Settings, then approve the call again.",
    )
