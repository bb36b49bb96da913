"""The tools of the user's servers, beside those that are tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from studio.api.artifacts import Kind, NewArtifact
from studio.api.window.tools import Tool, ToolCall, ToolEffects, ToolResult
from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.results import ServerResult
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.tool_list import ServerTool, plain_name
from studio.library import Library
from studio.protocol.errors import ErrorCode, StudioError

MOST_TOLD = 4000
"""Characters of a result that a model is told."""


class ServerSource:
    """The tools of all servers that are on; each tool's own source is the identity of its server.

    A server that was never looked at has none yet.
    """

    source = "servers"

    def __init__(self, servers: Servers, library: Library) -> None:
        self._servers, self._library = servers, library
        self._known: dict[str, tuple[Tool, str, ServerTool]] = {}
        servers.on_change(self._known.clear)

    def groups(self) -> Sequence[tuple[str, str]]:
        """Return the servers."""
        has = {tool.group for tool, _, _ in self._all().values()}
        named = [(_group(entry.name), entry.name) for entry in self._servers.entries()]
        return [(group, name) for group, name in named if group in has]

    def tools(self) -> Sequence[Tool]:
        """Return their tools as of the last look; starts none."""
        return [tool for tool, _, _ in self._all().values()]

    def call(
        self,
        tool: Tool,
        arguments: Mapping[str, Any],
        *,
        conversation: str = "",
        documents: Mapping[str, Path] | None = None,
    ) -> ToolCall:
        """Begin a call; the server is started if it does not run.

        Raises:
            StudioError: The tool is not what it was, or not there any more.
        """
        row = self._all().get(tool.name)
        if row is None or row[0].digest != tool.digest:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"The tool “{tool.title}” has changed or is not there any more.",
                "Look at the tools again.",
            )
        _, server, meant = row
        keep = self._keep if conversation else None
        return _Call(self._servers, server, meant, arguments, keep)

    def _all(self) -> dict[str, tuple[Tool, str, ServerTool]]:
        if not self._known:
            for entry in self._servers.entries():
                status = self._servers.status(entry.name)
                for offered in status.tools if entry.is_on else ():
                    tool = _tool(entry, offered, status.identity)
                    self._known[tool.name] = (tool, entry.name, offered)
        return self._known

    def _keep(self, tool: str, picture: bytes) -> str:
        return self._library.add_artifact(NewArtifact(Kind.IMAGE, picture, ".png", tool)).id


def _group(server: str) -> str:
    """No plugin has such an id."""
    return f"server:{server}"


def _tool(entry: ServerEntry, tool: ServerTool, identity: str) -> Tool:
    return Tool(
        name=f"{entry.name}__{plain_name(tool.name)}",  # two of them: no task is called so
        title=f"{entry.name}: {tool.title}",
        description=tool.description or tool.title,
        schema=tool.schema,
        source=f"server:{entry.name}:{identity}",
        group=_group(entry.name),
        effects=ToolEffects(runs_code=True, writes_outside=bool(entry.writable) or entry.network),
    )


class _Call:
    """A call of a server's tool; implements ``studio.api.window.tools.ToolCall``."""

    def __init__(
        self,
        servers: Servers,
        server: str,
        tool: ServerTool,
        arguments: Mapping[str, Any],
        keep: Callable[[str, bytes], str] | None,
    ) -> None:
        self._title, self._keep = tool.title, keep
        self._outcome: ToolResult | StudioError | None = None
        self._is_cancelled = False
        self._progress: list[Callable[[float, float, str], None]] = []
        self._done: list[Callable[[ToolResult], None]] = []
        self._failed: list[Callable[[StudioError], None]] = []
        self._stopped: list[Callable[[], None]] = []
        self._call = servers.call(server, tool, arguments, self._made, self._over, self._heard)

    def on_progress(self, call: Callable[[float, float, str], None]) -> Self:
        """Call with done, total and the current activity."""
        self._progress.append(call)
        return self

    def on_done(self, call: Callable[[ToolResult], None]) -> Self:
        """Call with the result."""
        self._done.append(call)
        return self._tell()

    def on_failed(self, call: Callable[[StudioError], None]) -> Self:
        """Call if it failed, or the tool says that it did."""
        self._failed.append(call)
        return self._tell()

    def on_cancelled(self, call: Callable[[], None]) -> Self:
        """Call if it was stopped."""
        self._stopped.append(call)
        return self._tell()

    def cancel(self) -> None:
        """Stop waiting, and tell the server."""
        if self._outcome is None and not self._is_cancelled:
            self._is_cancelled = True
            self._call.cancel()
            self._tell()

    def _heard(self, done: float, total: float | None, message: str) -> None:
        for call in self._progress:
            call(done, total or 0.0, message)

    def _made(self, result: ServerResult) -> None:
        if result.is_error:
            self._over(_said_no(self._title, result.text))
            return
        notes = list(result.notes)
        pictures: tuple[str, ...] = ()
        if self._keep is not None:
            try:
                pictures = tuple(self._keep(self._title, picture) for picture in result.pictures)
            except StudioError as error:
                notes.append(error.message)
        elif result.pictures:
            notes.append("Its pictures were not kept, as nothing of this conversation is.")
        text = result.text
        if len(text) > MOST_TOLD:
            text = f"{text[:MOST_TOLD].rstrip()} […]"
        self._over(ToolResult("\n".join(filter(None, (text, *notes))), pictures))

    def _over(self, outcome: ToolResult | StudioError) -> None:
        if self._outcome is None and not self._is_cancelled:
            self._outcome = outcome
            self._tell()

    def _tell(self) -> Self:
        """Tell whoever has not heard yet."""
        if self._is_cancelled:
            while self._stopped:
                self._stopped.pop(0)()
        elif isinstance(self._outcome, ToolResult):
            while self._done:
                self._done.pop(0)(self._outcome)
        elif isinstance(self._outcome, StudioError):
            while self._failed:
                self._failed.pop(0)(self._outcome)
        return self


def _said_no(tool: str, text: str) -> StudioError:
    message = " ".join(text.split())[:500]
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"The tool “{tool}” failed: {message}" if message else f"The tool “{tool}” failed.",
        "Change the arguments, or do without it.",
    )
