"""``studio mcp``: the tasks as tools of other programs, by MCP over stdin and stdout.

The studio works on the main thread, one call after another; the protocol has a thread of its own.
"""

from __future__ import annotations

import asyncio
import base64
import json
import mimetypes
import queue
import threading
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import studio
from studio.api.artifacts import Kind, SavedArtifact
from studio.automation.tools.task_tools import TaskTool, request_of, task_tools
from studio.base.background import in_words
from studio.cli.run import result_of
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.library.saved_artifact import saved_artifact
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular
from studio.protocol.states import JobState
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.terminals import OpenStudio

if TYPE_CHECKING:
    from mcp import types

_IDLE_SECONDS = 30.0
"""So long the studio stays open after a call: starting it takes seconds, and a window waits."""
_MOST_PICTURE_BYTES = 8 << 20
_ABOUT = """\
Name this command in the settings of a program that speaks MCP: command “studio”, arguments
“mcp”. Every task is a tool. Results are saved in the library, and if the window is open, the
job runs there.

A program that connects cannot choose your files, only results in the library, by their ids.
In the open window you are asked before it uses a tool.
Plugins that run code, as Code does in the sandbox, are left out unless you use --allow-code."""


@dataclass
class _Call:
    """One call of a tool, between the two threads.

    Attributes:
        events: Progress (done, total, message), and at the end what the client is told.
        stopped: Nobody waits for it any more.
    """

    tool: TaskTool
    arguments: Mapping[str, Any]
    program: str
    loop: asyncio.AbstractEventLoop
    events: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    stopped: threading.Event = field(default_factory=threading.Event)

    def tell(self, event: object) -> None:
        """Hand ``event`` to the thread of the protocol."""
        if not self.stopped.is_set():
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)


_Calls = queue.SimpleQueue[_Call | None]


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Serve until the other program goes."""
    parser = ArgumentParser(
        prog="studio mcp",
        description="Offer the tasks to other programs by MCP, over stdin and stdout.",
        epilog=_ABOUT,
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID,…", help="only tasks of these plugins"
    )
    parser.add_argument("--allow-code", action="store_true", help="offer tasks that run code, too")
    arguments = parser.parse_args(argv)
    only = [name for word in arguments.only for name in word.split(",") if name]
    for name in only:
        session.plugins.plugin(name)  # says that there is none
    _check_installed()
    offered = [
        offer
        for offer in task_tools(session.plugins)
        if (not only or offer.tool.group in only)
        and (arguments.allow_code or not offer.tool.effects.runs_code)
    ]
    calls: _Calls = queue.SimpleQueue()
    failed: list[Exception] = []
    server = _Server(offered, calls, _online(session.plugins))
    threading.Thread(target=server.serve, args=(failed,), name="mcp", daemon=True).start()
    try:
        _work(session, calls)
    except KeyboardInterrupt:
        return ExitCode.OK
    if failed:
        raise failed[0]
    return ExitCode.OK


class _Server:
    """The protocol's side. After ``__init__``, all of it runs on the protocol's thread."""

    def __init__(self, offered: Sequence[TaskTool], calls: _Calls, online: Set[str]) -> None:
        """``online``: ids of the plugins that may use the network."""
        self._calls, self._online = calls, online
        self._tools = {offer.tool.name: offer for offer in offered}

    def serve(self, failed: list[Exception]) -> None:
        """Answer until stdin ends; what went wrong goes into ``failed``."""
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - the border of the thread
            failed.append(error)
        finally:
            self._calls.put(None)

    async def _serve(self) -> None:
        from mcp.server import Server
        from mcp.server.stdio import stdio_server

        server: Server[Any] = Server(
            "offline-studio",
            title="Offline Studio",
            version=studio.__version__,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        async with stdio_server() as (read, write):  # what else prints goes to stderr from here on
            await server.run(read, write, server.create_initialization_options())

    async def _list(self, context: object, params: object) -> types.ListToolsResult:
        from mcp import types

        tools = [
            types.Tool(
                name=name,
                title=offer.tool.title,
                description=offer.tool.description,
                input_schema=dict(offer.tool.schema),
                annotations=types.ToolAnnotations(
                    read_only_hint=not (offer.tool.produces or offer.tool.effects.runs_code),
                    destructive_hint=offer.tool.effects.writes_outside,  # the library only grows
                    idempotent_hint=False,
                    open_world_hint=offer.tool.group in self._online,
                ),
            )
            for name, offer in self._tools.items()
        ]
        return types.ListToolsResult(tools=tools)

    async def _call(self, context: Any, params: types.CallToolRequestParams) -> Any:
        if params.name not in self._tools:
            return _refusal(f"There is no tool “{params.name}”. List the tools that are offered.")
        offer = self._tools[params.name]
        client = context.session.client_params
        program = client.client_info.name if client is not None else "A program"
        call = _Call(offer, params.arguments or {}, program, asyncio.get_running_loop())
        self._calls.put(call)
        try:
            while isinstance(event := await call.events.get(), tuple):
                await context.session.report_progress(*event)
            return event
        finally:
            call.stopped.set()


def _online(plugins: PluginHost) -> set[str]:
    return {
        plugin.id
        for plugin in plugins.plugins
        if plugin.manifest and plugin.manifest.permissions.network
    }


def _work(session: StudioSession, calls: _Calls) -> None:
    """Execute the calls on this thread until the client is gone."""
    while (call := calls.get()) is not None:
        session.saves = True  # another studio may have let go of the library
        try:
            with session.at_work() as studio:
                while call is not None:
                    call.tell(_answer(studio, session, call))
                    call = _next(studio, calls)
        except Exception as error:
            if call is None:
                raise
            call.tell(_refusal(in_words(error)))


def _next(studio: Studio | OpenStudio, calls: _Calls) -> _Call | None:
    """Wait for the next call with the studio kept open; None to close it."""
    end = time.monotonic() + (_IDLE_SECONDS if isinstance(studio, Studio) else 0.0)
    while time.monotonic() < end:
        studio.pump(0.02)
        try:
            call = calls.get_nowait()
        except queue.Empty:
            continue
        if call is None:
            calls.put(None)  # for the loop outside
        return call
    return None


def _answer(studio: Studio | OpenStudio, session: StudioSession, call: _Call) -> Any:
    """Run one job to its end and return the client's answer."""
    if call.stopped.is_set():
        return None  # it was given up while another one ran
    library = studio.library

    def artifact(id: str) -> SavedArtifact:
        return saved_artifact(library, library.artifact(id))

    if isinstance(studio, OpenStudio):  # where somebody can be asked
        studio.program = call.program
    try:
        job = studio.submit(request_of(call.tool, call.arguments, artifact))
    except StudioError as error:
        return _refusal(error)
    job.on_progress(lambda done, total, message, left: call.tell((done, total or None, message)))
    is_stopping = False
    while job.is_live and studio.runtime.state is not RuntimeState.GIVEN_UP:
        studio.pump(0.1)
        if call.stopped.is_set() and not is_stopping:
            is_stopping = True
            job.cancel()
    if job.error is not None:
        return _refusal(job.error)
    if job.state is JobState.CANCELLED:
        return _refusal(f"“{job.title}” was stopped by the user.")
    if job.state is not JobState.DONE:
        doctor = "Run `studio doctor device` for details."
        return _refusal(f"“{job.title}” cannot run: the runtime does not start. {doctor}")
    return _result(job, saved=session.saves)


def _result(job: Job, *, saved: bool) -> types.CallToolResult:
    """Return the result as JSON, with the paths of saved artifacts, and the pictures."""
    from mcp import types

    paths = [artifact.path for artifact in job.artifacts] if saved else []
    ids = [item.id for item in job.artifacts] if saved else []
    facts = {**result_of(job, paths, saved=saved), "artifact_ids": ids}
    text = json.dumps(facts, ensure_ascii=False, default=str)
    images = [_picture_of(item.kind, item.path) for item in job.artifacts]
    pictures = [picture for picture in images if picture]
    return types.CallToolResult(content=[types.TextContent(text=text), *pictures])


def _picture_of(kind: str, path: Path) -> types.ImageContent | None:
    """Return a picture as clients show it; None for anything else, and for one that is too big."""
    from mcp import types

    if kind != Kind.IMAGE or path.stat().st_size > _MOST_PICTURE_BYTES:
        return None
    data = base64.b64encode(read_regular(path)).decode()
    type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return types.ImageContent(data=data, mime_type=type)


def _refusal(error: StudioError | str) -> types.CallToolResult:
    from mcp import types

    text = error if isinstance(error, str) else f"{error.message} {error.hint}".strip()
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)


def _check_installed() -> None:
    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "This command needs the package mcp, which is not installed.",
            "Install it: pip install 'offline-studio[mcp]'",
        ) from error
    output.hint("Waiting for a program that speaks MCP. Press Ctrl+C to stop.")
