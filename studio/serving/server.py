"""Starts and stops the local server: a thread of its own, on this machine's own addresses only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import socket
import threading
from functools import partial
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from studio.base import disk
from studio.base.settings import Settings
from studio.library.storage.writer_lock import WriterLock
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note
from studio.serving.access import AccessCheck
from studio.serving.app import Api
from studio.serving.bridge import Bridge
from studio.serving.errors import Refusal, in_bytes
from studio.serving.keys import Keys
from studio.serving.token import Token
from studio.studio import Studio

MOST_CONNECTIONS = 256
"""A client's pool opens many and leaves them idle: what costs is bounded by the requests under way.
Beyond it each is told so; beyond twice as many, cut off."""
HEADER_SECONDS = 10.0
PARTING_SECONDS = 1.0
"""Between the refusal of a connection and its end: one that is cut off may never read why."""

LOCK_FILE = "server-lock"
ADDRESS_FILE = "server-address"

LARGEST_HEADER = 16 << 10
ENDING_SECONDS = 2
TOKEN_FILE = "server-token"
PORT = "server.port"
"""The setting that keeps the port; 0 for any."""
ORIGINS = "server.origins"
"""The setting that names web pages that may ask, with blanks between them."""
_ORIGIN = re.compile(r"(https?|chrome-extension|moz-extension)://[A-Za-z0-9.\-\[\]:_]+")


def allowed_origins(settings: Settings) -> tuple[str, ...]:
    """Return the origins of web pages that may ask, as ``http://localhost:3000``; never ``null``.

    What is no origin in full is left out: it would match none.
    """
    origins = str(settings.get(ORIGINS, "")).replace(",", " ").split()
    return tuple(origin.rstrip("/") for origin in origins if _ORIGIN.fullmatch(origin.rstrip("/")))


class LocalServer:
    """Text for other programs of this machine, while it runs.

    Attributes:
        port: Where it listens.
        token: What programs must show.
        keys: Named ones, which will do as well.
    """

    def __init__(self, studio: Studio, port: int | None = None) -> None:
        """Listen and serve.

        Args:
            port: 0 lets the system choose; by default what the settings say.

        Raises:
            StudioError: This home has a server already, the port is taken, or the token
                cannot be kept.
        """
        self._claim = Claim(studio.paths.home)
        self._sockets: list[socket.socket] = []
        try:
            self._sockets = _listen(studio.settings.get(PORT, 0) if port is None else port)
            self.port = self._sockets[0].getsockname()[1]
            self.token = Token(studio.paths.home / TOKEN_FILE)
        except StudioError:
            self._close_sockets()
            self._claim.release()
            raise
        self._claim.tell(self.address)
        self._weights = studio.weights
        self.keys = Keys(studio.paths.home)
        origins = partial(allowed_origins, studio.settings)
        app = Api(Bridge(studio), studio.weights).app()
        gate = AccessCheck(app, self.token, self.keys, origins)
        gate.port = self.port
        config = uvicorn.Config(
            gate,
            http=Connection,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=LARGEST_HEADER,
            timeout_graceful_shutdown=ENDING_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="studio-server", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The base address for clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def example(self) -> str:
        """A line for a shell that asks for one answer; the token stays in its file."""
        model = next((row.id for row in self._weights.list("text")), "MODEL")
        body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]}
        return (
            f"curl {self.address}/chat/completions"
            f' -H "Authorization: Bearer $(cat {shlex.quote(str(self.token.path))})"'
            f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"
        )

    @property
    def is_running(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop serving; jobs that were asked for are stopped. The token is that of next time."""
        self._server.should_exit = True
        self._thread.join(ENDING_SECONDS + 3)
        self._close_sockets()
        self._claim.release()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(self._sockets))

    def _close_sockets(self) -> None:
        for listener in self._sockets:
            listener.close()


def _listen(port: int) -> list[socket.socket]:
    """Return sockets on 127.0.0.1 and, where there is one, ::1, on the same port."""
    try:
        first = _bound(socket.AF_INET, "127.0.0.1", port)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "there is no such port"
        raise StudioError(
            ErrorCode.BUSY,
            f"The local server cannot listen on port {port} ({why}).",
            "Another program may be using it: choose another port, or 0 for automatic.",
        ) from error
    sockets = [first]
    with contextlib.suppress(OSError):  # no IPv6 here, or the port is taken there
        sockets.append(_bound(socket.AF_INET6, "::1", first.getsockname()[1]))
    return sockets


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()  # from here on a client waits, rather than being refused
    except OSError:
        bound.close()
        raise
    return bound


class Claim:
    """The right to serve from one home, held until it is given up."""

    def __init__(self, home: Path) -> None:
        """Take it.

        Raises:
            StudioError: Another server has it, or the home cannot be written.
        """
        self._lock = WriterLock(home / LOCK_FILE)
        self._told = home / ADDRESS_FILE
        try:
            disk.make_folder(home)
            is_ours = self._lock.acquire()
        except OSError as error:
            raise StudioError(
                ErrorCode.PERMISSION,
                f"The local server cannot be started: {home} cannot be written ({error.strerror}).",
                "Make the folder writable, then try again.",
            ) from error
        if not is_ours:
            raise _taken(self._address(), self._lock.holder())

    def tell(self, address: str) -> None:
        """Say where the server is, to whoever asks for another one."""
        self._told.write_text(address, encoding="ascii")

    def release(self) -> None:
        """Let another server start; harmless when done already."""
        self._lock.release()

    def _address(self) -> str:
        try:
            return read_note(self._told).decode("ascii")[:100]
        except (OSError, ValueError):  # it is starting just now
            return ""


def _taken(address: str, process: int) -> StudioError:
    who = f" (process {process})" if process else ""
    where = f" at {address}{who}" if address else who
    return StudioError(
        ErrorCode.BUSY,
        f"The local server is running already{where}.",
        "Use that address; its key is the same. To start another, stop that one first.",
    )


class Connection(H11Protocol):
    """uvicorn's own, turned away when there are too many, closed when no request comes."""

    _patience: asyncio.TimerHandle | None = None
    _is_surplus = False

    def connection_made(self, transport: Any) -> None:
        """Refuse excess connections; allow the others ten seconds for the first header."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST_CONNECTIONS:
            transport.abort()
        elif len(self.connections) > MOST_CONNECTIONS and not self._take_place():
            self._is_surplus = True
            message = f"Too many connections: {MOST_CONNECTIONS} are already open."
            transport.write(in_bytes(Refusal(503, message, "busy")))
            self._patience = self.loop.call_later(PARTING_SECONDS, transport.close)
        else:
            self._watch()

    def _take_place(self) -> bool:
        """Close the connection that has waited longest for its first request, if one does."""
        idle = [
            (other._patience.when(), other)
            for other in self.connections
            if isinstance(other, Connection) and other._patience and not other._is_surplus
        ]
        if not idle:
            return False
        _, oldest = min(idle, key=lambda other: other[0])
        oldest._wait_no_more()
        oldest.transport.close()
        return True

    def data_received(self, data: bytes) -> None:
        """Process received bytes, and check the deadline."""
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
