"""Starts and stops the local server: a thread of its own, on this machine's own addresses only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import socket
import threading

import uvicorn

from studio.core.studio import Studio
from studio.protocol.errors import ErrorCode, StudioError
from studio.serving.access import AccessCheck
from studio.serving.app import Api
from studio.serving.bridge import Bridge
from studio.serving.claim import Claim
from studio.serving.connection_limits import Connection
from studio.serving.token import Token

LARGEST_HEADER = 16 << 10
ENDING_SECONDS = 2
TOKEN_FILE = "server-token"
PORT = "server.port"
"""The setting that keeps the port; 0 for any."""


class LocalServer:
    """Text for other programs of this machine, while it runs.

    Attributes:
        port: Where it listens.
        token: What programs must show.
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
        gate = AccessCheck(Api(Bridge(studio), studio.weights).app(), self.token)
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
        """What a client takes as its base address."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def example(self) -> str:
        """A line for a shell that asks for one answer; the token stays in its file."""
        model = next((row.id for row in self._weights.list("text")), "MODEL")
        asked = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]}
        return (
            f"curl {self.address}/chat/completions"
            f' -H "Authorization: Bearer $(cat {shlex.quote(str(self.token.path))})"'
            f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(asked))}"
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
        for each in self._sockets:
            each.close()


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
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen()  # from here on a client waits, rather than being refused
    except OSError:
        made.close()
        raise
    return made
