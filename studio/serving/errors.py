"""Refusals as OpenAI's clients read them: a status, a sentence, a code."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from studio.protocol.errors import ErrorCode, StudioError

_STATUS = {
    ErrorCode.BAD_INPUT: 400,
    ErrorCode.CONTEXT_TOO_LONG: 400,
    ErrorCode.UNSUPPORTED: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.BUSY: 429,
    ErrorCode.OUT_OF_MEMORY: 503,
    ErrorCode.RUNTIME_LOST: 503,
}

_CODES = {
    ErrorCode.CONTEXT_TOO_LONG: "context_length_exceeded",
    ErrorCode.NOT_FOUND: "model_not_found",
}
"""Those of OpenAI's that clients act upon."""

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]
"""Of every answer."""

_PASSING = (429, 503)
RETRY_SECONDS = 2


class Refusal(Exception):
    """A request that is not served.

    Attributes:
        status: Of HTTP.
        message: What was wrong with it, in a sentence.
        code: For programs, ``model_not_found``.
        headers: Of the answer.
    """

    def __init__(
        self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers = headers or {}


def refused(error: Refusal) -> Response:
    """Return the answer that refuses; where it helps to ask again, it says when."""
    response = answer(body_of(error.message, error.code, error.status), error.status)
    response.headers.update(error.headers)
    if error.status in _PASSING:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def in_bytes(error: Refusal) -> bytes:
    """Return the answer that refuses as it crosses the wire, where no request was read."""
    response = refused(error)
    status = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode()
    headers = [*response.raw_headers, *HEADERS, (b"connection", b"close")]
    lines = [status, *(name + b": " + value for name, value in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)


def refusal_of(error: StudioError) -> Refusal:
    """Return what an expected failure of the studio is to a client."""
    message = f"{error.message} {error.hint}".strip()
    code = _CODES.get(error.code, str(error.code).lower())
    return Refusal(_STATUS.get(error.code, 500), message, code)


def body_of(message: str, code: str, status: int) -> dict[str, object]:
    """Return the object that OpenAI's clients expect of a failure."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "code": code or None, "param": None}}


def answer(body: object, status: int = 200) -> Response:
    """Return an answer in JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")
