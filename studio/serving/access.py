"""The gate before every request: who may ask at all. Looks at headers only, never at a body.

A web page that the user visits can send requests here, and a name that somebody else owns can be
made to mean this machine (DNS rebinding). So the header ``Host`` must be one of ours, a request
that a page sent is refused unless the user has named its origin, and every request shows a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.serving.errors import HEADERS, Refusal, refused
from studio.serving.keys import Keys
from studio.serving.token import Token

MOST_REQUESTS = 32
"""Under way at a time, waiting ones included."""
MOST_BYTES = 32 << 20
"""Of one body."""
FORMS = ("/v1/audio/transcriptions", "/v1/audio/translations")
"""Addresses that take a form with a file; all others take JSON."""
MOST_BYTES_TOGETHER = 64 << 20
"""Of the bodies of all requests under way."""
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Max-Age": "600",
}
BODY_SECONDS = 30.0
"""A body has come to its end by then: one that never comes would keep the place of a request."""


class AccessCheck:
    """Lets through to ``app`` what shows a key and was sent by no web page that may not.

    Attributes:
        port: Set once the server listens.
        under_way: How many requests are being served.
        held: Bytes of their bodies.
    """

    def __init__(
        self, app: ASGIApp, token: Token, keys: Keys, origins: Callable[[], Collection[str]]
    ) -> None:
        """Guard ``app``; ``origins`` are those of web pages that may ask, as they are now."""
        self._app, self._token, self._keys = app, token, keys
        self._origins = origins
        self.port = 0
        self.under_way = 0
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            return  # no web sockets, no life cycle of its own
        origin = self._origin(scope)
        sending = _with_headers(send, origin)
        try:
            self._check(scope, origin)
            if scope["method"] == "OPTIONS" and origin:
                await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, sending)
                return
        except Refusal as error:
            await refused(error)(scope, receive, sending)
            return
        mine = 0
        is_whole = False
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BODY_SECONDS

        async def receiving() -> Message:
            nonlocal mine, is_whole
            try:
                async with asyncio.timeout_at(None if is_whole else deadline):
                    message = await receive()
            except TimeoutError:
                refusal = f"The body of the request did not come within {BODY_SECONDS:g} seconds."
                raise Refusal(408, refusal, "timeout", {"Connection": "close"}) from None
            is_whole = is_whole or not message.get("more_body", False)
            size = len(message.get("body", b""))
            mine += size
            self.held += size
            if self.held > MOST_BYTES_TOGETHER:
                raise Refusal(429, "The pending requests are too large together.", "busy")
            return message

        self.under_way += 1
        try:
            await self._app(scope, receiving, sending)
        finally:
            self.under_way -= 1
            self.held -= mine

    def _origin(self, scope: Scope) -> str:
        """Return the origin of a web page that may ask; empty for anything else."""
        shown = [value for name, value in scope["headers"] if name == b"origin"]
        origin = shown[0].decode("latin-1") if len(shown) == 1 else ""
        return origin if origin and origin in self._origins() else ""

    def _check(self, scope: Scope, origin: str) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts():
            raise Refusal(403, "The Host header does not match the address of this server.", "host")
        by_page = b"origin" in headers or headers.get(b"sec-fetch-site", b"none") != b"none"
        if by_page and not origin:
            message = (
                "Requests from web pages are not allowed, except from origins set in Settings."
            )
            raise Refusal(403, message, "origin")
        if b"transfer-encoding" in headers and b"content-length" in headers:
            raise Refusal(400, "The request gives its length twice.", "length")
        if not str(scope["path"]).startswith("/"):
            raise Refusal(400, "The request target is not a path.", "path")
        if scope["path"] == "/health" and scope["method"] == "GET":
            return  # who waits for the server to start has no key yet; nothing is told
        if scope["method"] == "OPTIONS" and origin:
            return  # a browser asks first, and shows no key
        if not self._is_shown(headers.get(b"authorization", b"")):
            message = "The key is missing or wrong. Send it as “Authorization: Bearer KEY”."
            raise Refusal(401, message, "invalid_api_key", {"WWW-Authenticate": "Bearer"})
        wanted = b"multipart/form-data" if scope["path"] in FORMS else b"application/json"
        if scope["method"] == "POST" and _media_type(headers) != wanted:
            message = f"The content type must be {wanted.decode()}."
            raise Refusal(415, message, "content_type")
        if int(headers.get(b"content-length", b"0") or 0) > MOST_BYTES:
            raise Refusal(413, "The request is larger than 32 MiB.", "too_large")
        if self.under_way >= MOST_REQUESTS:
            raise Refusal(429, f"Too many requests: {MOST_REQUESTS} are already waiting.", "busy")

    def _is_shown(self, authorization: bytes) -> bool:
        """Whether a header ``Authorization`` has the key, or one of the named keys."""
        scheme, _, shown = authorization.partition(b" ")
        if self._token.is_shown_by(authorization):
            return True
        return scheme.lower() == b"bearer" and self._keys.has(shown)

    def _hosts(self) -> tuple[bytes, ...]:
        names = ("127.0.0.1", "localhost", "[::1]")
        return tuple(f"{name}:{self.port}".encode() for name in names)


def _media_type(headers: dict[bytes, bytes]) -> bytes:
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _with_headers(send: Send, origin: str) -> Send:
    allowed = [(b"access-control-allow-origin", origin.encode()), (b"vary", b"Origin")]
    added = [*HEADERS, *(allowed if origin else ())]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return sending
