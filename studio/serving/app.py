"""The addresses of the local server: models, chat, text that goes on, vectors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from studio.core.weights import Weights, WeightsCatalogue
from studio.protocol.errors import StudioError
from studio.serving import responses
from studio.serving.access import MOST_BYTES
from studio.serving.bridge import Bridge
from studio.serving.errors import Refusal, answer, body_of, refusal_of, refused
from studio.serving.requests import ChatRequest, CompletionRequest, EmbeddingRequest, decode

WRITING, EMBEDDING = "chat.reply", "chat.embed"
TEXTS_A_JOB = 256
"""As many as the task takes."""

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The handlers of all addresses."""

    def __init__(self, bridge: Bridge, weights: WeightsCatalogue) -> None:
        self._bridge, self._weights = bridge, weights

    def app(self) -> Starlette:
        """Return the application; whatever it does not know is 404."""
        routes = [
            Route("/v1/models", _careful(self.models), methods=["GET"]),
            Route("/v1/models/{id}", _careful(self.model), methods=["GET"]),
            Route("/v1/chat/completions", _careful(self.chat), methods=["POST"]),
            Route("/v1/completions", _careful(self.complete), methods=["POST"]),
            Route("/v1/embeddings", _careful(self.embed), methods=["POST"]),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _unknown})
        app.router.redirect_slashes = False
        return app

    async def models(self, request: Request) -> Response:
        """Answer which weights write text, and which make vectors."""
        rows = await asyncio.to_thread(self._rows)
        usable = [responses.model(row) for row in rows.values() if not row.problem]
        return answer({"object": "list", "data": usable})

    async def model(self, request: Request) -> Response:
        """Answer about one of them."""
        return answer(responses.model(await self._named(request.path_params["id"])))

    async def chat(self, request: Request) -> Response:
        """Answer a conversation."""
        asked = decode(await _body(request), ChatRequest)
        writer = responses.ResponseWriter(asked.model, is_chat=True)
        return await self._write(request, asked, writer)

    async def complete(self, request: Request) -> Response:
        """Go on with a text."""
        asked = decode(await _body(request), CompletionRequest)
        writer = responses.ResponseWriter(asked.model, is_chat=False)
        return await self._write(request, asked, writer)

    async def embed(self, request: Request) -> Response:
        """Turn texts into vectors."""
        asked = decode(await _body(request), EmbeddingRequest)
        await self._check_model(asked.model, "embedding")
        texts = asked.texts()
        parts = [texts[at : at + TEXTS_A_JOB] for at in range(0, len(texts), TEXTS_A_JOB)]
        results = await _unless_gone(request, self._vectors(asked.model, parts))
        packed = asked.encoding_format == "base64"
        return answer(responses.embeddings(asked.model, results, packed))

    async def _vectors(self, model: str, parts: list[list[str]]) -> list[Mapping[str, Any]]:
        results = []
        for texts in parts:
            events = self._bridge.run(EMBEDDING, {"weights": model, "texts": texts})
            results.append((await _result(events))[1])
        return results

    def _rows(self) -> dict[str, Weights]:
        """Return the weights that the server may be asked for, by their ids."""
        kinds = ("text", "embedding")
        return {row.id: row for kind in kinds for row in self._weights.list(kind)}

    async def _named(self, id: str) -> Weights:
        """Return one of them; those of other plugins are none of the server's."""
        rows = await asyncio.to_thread(self._rows)
        if id not in rows:
            usable = ", ".join(row.id for row in rows.values() if not row.problem) or "none"
            told = f"There is no text or embedding model “{id[:200]}”. Available: {usable}."
            raise Refusal(404, told, "model_not_found")
        if problem := rows[id].problem:
            raise Refusal(400, problem, "bad_weights")
        return rows[id]

    async def _check_model(self, model: str, capability: str) -> None:
        """Refuse weights that are not here, or that do something else."""
        if not model:
            raise Refusal(400, "The request has no “model”; see /v1/models.", "model")
        if capability not in (await self._named(model)).capabilities:
            does = {"text": "generate text", "embedding": "create embeddings"}[capability]
            raise Refusal(400, f"The model “{model}” cannot {does}.", "model")

    async def _write(
        self,
        request: Request,
        asked: ChatRequest | CompletionRequest,
        writer: responses.ResponseWriter,
    ) -> Response:
        await self._check_model(asked.model, "text")
        events = self._bridge.run(WRITING, asked.params(), asked.inputs())
        if not asked.stream:
            return answer(writer.whole(*await _unless_gone(request, _result(events))))
        # The first event decides between an answer and a refusal: after it, 200 has been said.
        first = await _unless_gone(request, anext(events))
        stream = _stream(first, events, writer, asked.wants_usage)
        return StreamingResponse(stream, media_type="text/event-stream")


async def _result(events: AsyncIterator[Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the text and the result of a job, once it is over."""
    pieces: list[str] = []
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        async for event in steps:
            if not isinstance(event, str):
                return "".join(pieces), event
            pieces.append(event)
    raise Refusal(500, "The job ended without a result.", "internal")


async def _stream(
    first: Any, events: AsyncIterator[Any], writer: responses.ResponseWriter, with_usage: bool
) -> AsyncIterator[bytes]:
    yield writer.first()
    event = first
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        try:
            while isinstance(event, str):
                yield writer.piece(event)
                event = await anext(steps)
        except (StudioError, Refusal) as error:
            told = error if isinstance(error, Refusal) else refusal_of(error)
            yield responses.failure(body_of(told.message, told.code, told.status)) + responses.DONE
            return
    yield writer.last(event, with_usage)


async def _unless_gone(request: Request, work: Any) -> Any:
    """Return what ``work`` does, and give it up once nobody waits for it any more."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes:
    """Return the body, refusing one that is larger than it may be, whatever it said of itself."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refusal(413, "The request is larger than 32 MiB.", "too_large")
    return bytes(body)


def _careful(handler: Handler) -> Handler:
    """Return a handler whose refusals are answers."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as error:
            return refused(error)
        except StudioError as error:
            return refused(refusal_of(error))
        except ClientDisconnect:
            return Response(status_code=499)

    return handle


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path, headers = request.url.path[:200], error.headers
    told = f"{path} does not exist."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and headers:
        told = f"{path} supports {headers['Allow']}, not {request.method}."
    return refused(Refusal(error.status_code, told, "unknown", headers))
