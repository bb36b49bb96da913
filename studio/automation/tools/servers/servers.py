"""The user's servers: their status, and how they are started, called and ended.

Used on the thread that owns the studio; the conversations are on a thread of their own, which
starts with the first of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar

from studio.automation.tools.servers import entry
from studio.automation.tools.servers.entry import MOST_SERVERS, ServerEntry
from studio.automation.tools.servers.results import Progress, ServerResult
from studio.automation.tools.servers.status import ServerState, ServerStatus
from studio.automation.tools.servers.tool_list import ServerTool
from studio.automation.tools.servers.walls import sandbox
from studio.base.background import Post, in_words
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    import asyncio

    from studio.automation.tools.servers.keeper import Keeper

_END_SECONDS = 10.0
_LOOK_SECONDS = 1.0

T = TypeVar("T")
Failed = Callable[[StudioError], None]


class ServerCall:
    """A call that is under way."""

    def __init__(self, work: Future[Any]) -> None:
        self._work = work

    def cancel(self) -> None:
        """Stop waiting, and tell the server."""
        self._work.cancel()


class Servers:
    """All servers of a home."""

    def __init__(self, paths: StudioPaths, post: Post, box: Sandbox | None = None) -> None:
        """Read the user's entries; start nothing.

        Args:
            box: By default the sandbox of this machine.
        """
        self._paths, self._post = paths, post
        self._find_box = (lambda: box) if box else sandbox
        self._file = Settings(paths.home / "servers.json")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._keepers: dict[str, Keeper] = {}
        self._status: dict[str, ServerStatus] = {}
        self._observers: list[Callable[[], None]] = []
        self._looking: Future[None] | None = None
        self._file.observe("servers.", lambda key, _: self._forget(key.partition(".")[2]))
        self._file.observe("tools.", lambda key, _: self._checked(key.partition(".")[2]))

    # --- what the user has --------------------------------------------------------------------

    def entries(self) -> list[ServerEntry]:
        """Return the servers, by name; rows that cannot be read are left alone.

        Another studio or a terminal may have changed them: what runs of such a one is ended.
        """
        self._file.refresh()
        entries: list[ServerEntry] = []
        for key in self._file.keys("servers."):
            try:
                entries.append(ServerEntry.from_data(self._file.get(key, None)))
            except StudioError:
                continue
        return entries

    def entry(self, name: str) -> ServerEntry:
        """Return one.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        for candidate in self.entries():
            if candidate.name == name:
                return candidate
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no server “{name}”.",
            "Run “studio tools servers list” to see which there are.",
        )

    def put(self, new: ServerEntry) -> None:
        """Add a server, or change one; what runs of it is ended.

        Raises:
            StudioError: ``BAD_INPUT``: it cannot be used as described.
        """
        entry.check_form(new)
        entry.check_folders(new, self._paths.home)
        others = {other.name.lower(): other for other in self.entries()}
        same = others.get(new.name.lower())
        if same is not None and same.name != new.name:
            raise entry.refusal(
                f"“{same.name}” exists, and names differ in more than capital letters"
            )
        if same is None and len(others) >= MOST_SERVERS:
            raise entry.refusal(f"there are {MOST_SERVERS} servers already")
        if same is not None and replace(same, is_on=True) != replace(new, is_on=True):
            self._file.reset(f"tools.{new.name}")
        self._file.set(f"servers.{new.name}", new.as_data())

    def remove(self, name: str) -> None:
        """End a server and forget it.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        self.entry(name)
        self._file.reset(f"tools.{name}")
        self._file.reset(f"servers.{name}")

    def status(self, name: str) -> ServerStatus:
        """Return the status of a server."""
        if name in self._status:
            return self._status[name]
        is_on = any(item.name == name and item.is_on for item in self.entries())
        state = ServerState.STOPPED if is_on else ServerState.OFF
        cached = self._file.get(f"tools.{name}", dict[str, Any]())
        try:
            tools = tuple(ServerTool(**item) for item in cached.get("tools", ()))
            return ServerStatus(state, tools=tools, identity=str(cached.get("identity", "")))
        except TypeError:  # of another version
            return ServerStatus(state)

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call after each change of a server; returns a function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    # --- what they do -------------------------------------------------------------------------

    def check(self, name: str, then: Callable[[ServerStatus], None], failed: Failed) -> ServerCall:
        """Start a server, even one that is off, and fetch its tools.

        Args:
            then: Receives its new status.
        """
        keeper = self._keeper(self.entry(name))
        return self._run(keeper.connection(), lambda _: then(self.status(name)), failed)

    def call(
        self,
        name: str,
        tool: ServerTool,
        arguments: Mapping[str, Any],
        then: Callable[[ServerResult], None],
        failed: Failed,
        progress: Progress = lambda done, total, message: None,
    ) -> ServerCall:
        """Call a tool of a server, which is started if it does not run.

        Args:
            tool: As it was agreed to; another one of its name is not called.
            progress: Told of it on the owner's thread.
        """
        chosen = self.entry(name)
        if not chosen.is_on:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"The server “{name}” is off.",
                "Switch it on in Settings.",
            )

        def told(done: float, total: float | None, message: str) -> None:
            self._post(lambda: progress(done, total, message))

        identity = self.status(name).identity
        call = self._keeper(chosen).call(tool, identity, arguments, told)
        return self._run(call, then, failed)

    def stop(self, name: str, then: Callable[[], None] = lambda: None) -> None:
        """End a server; it starts again with the next call."""
        if (keeper := self._keepers.get(name)) is None:
            then()
            return
        self._run(keeper.stop("It was stopped."), lambda _: then(), lambda _: then())

    def close(self) -> None:
        """End all of them, and return when they are gone."""
        if self._loop is None or self._thread is None:
            return
        import asyncio

        loop, keepers = self._loop, list(self._keepers.values())
        if self._looking is not None:
            self._looking.cancel()

        async def end() -> None:
            await asyncio.gather(*(keeper.stop("The studio was closed.") for keeper in keepers))

        try:
            asyncio.run_coroutine_threadsafe(end(), loop).result(_END_SECONDS)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(_END_SECONDS)
            self._loop = self._thread = None
            self._keepers.clear()

    # --- inside -------------------------------------------------------------------------------

    def _forget(self, name: str) -> None:
        self._status.pop(name, None)
        if (keeper := self._keepers.pop(name, None)) is not None:
            keeper.tell = lambda status: None
            self._run(keeper.stop("Its settings were changed."), lambda _: None, lambda _: None)
        self._tell()

    def _checked(self, name: str) -> None:
        """Take what somebody else has found out of a server that does not run here."""
        if name not in self._keepers:
            self._status.pop(name, None)
            self._tell()

    async def _look(self) -> None:
        """Notice in time when a server that runs here is switched off elsewhere."""
        import asyncio

        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._post(self._file.refresh)

    def _keeper(self, entry: ServerEntry) -> Keeper:
        if entry.name not in self._keepers:
            from studio.automation.tools.servers.keeper import Keeper

            self._keepers[entry.name] = Keeper(
                entry,
                self._find_box,
                lambda status: self._post(lambda: self._became(entry.name, status)),
            )
        return self._keepers[entry.name]

    def _became(self, name: str, status: ServerStatus) -> None:
        if name not in self._keepers:
            return  # it was removed meanwhile
        before = self.status(name)
        if status.state is not ServerState.RUNNING:
            status = replace(
                status, tools=before.tools, notes=before.notes, identity=before.identity
            )
        elif (status.tools, status.identity) != (before.tools, before.identity):
            cached = {"identity": status.identity, "tools": [asdict(tool) for tool in status.tools]}
            self._file.set(f"tools.{name}", cached)
        self._status[name] = status
        self._tell()

    def _tell(self) -> None:
        for call in list(self._observers):
            call()

    def _run(
        self, work: Coroutine[Any, Any, T], then: Callable[[T], None], failed: Failed
    ) -> ServerCall:
        """Run ``work`` on the loop; report its outcome on the owner's thread, unless cancelled."""
        import asyncio  # a studio without servers starts without it

        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_serve, args=(loop,), name="tool-servers", daemon=True
            )
            self._thread.start()
            self._looking = asyncio.run_coroutine_threadsafe(self._look(), loop)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)

        def over(done: Future[T]) -> None:
            if done.cancelled():
                return
            error = done.exception()
            if error is not None:
                failure = in_words(error)
                self._post(lambda: failed(failure))
            else:
                result = done.result()
                self._post(lambda: then(result))

        future.add_done_callback(over)
        return ServerCall(future)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    import asyncio

    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
