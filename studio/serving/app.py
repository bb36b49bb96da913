"""The addresses of the local server: models, chat, text that goes on, vectors, pictures, speech."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from studio.models import Weights, WeightsCatalogue
from studio.protocol.errors import StudioError
from studio.serving import infill, responses
from studio.serving.access import FORMS, MOST_BYTES
from studio.serving.bridge import Bridge, Made, Piece
from studio.serving.errors import Refusal, answer, body_of, refusal_of, refused
from studio.serving.pictures import PictureRequest, pictures
from studio.serving.requests import ChatRequest, CompletionRequest, EmbeddingRequest, decode
from studio.serving.response_objects import Conversations, ResponseObject
from studio.serving.response_requests import ResponseRequest
from studio.serving.speech import SpeechRequest, recording_of, transcript

WRITING, EMBEDDING, DRAWING = "chat.reply", "chat.embed", "image.generate"
SPEAKING, LISTENING = "voice.speak", "voice.transcribe"
_PICTURES, _SPEECH, _TRANSCRIPTS = "text-to-image", "text-to-speech", "speech-to-text"
_DOES = {
    "text": "generate text",
    "embedding": "create embeddings",
    _PICTURES: "generate pictures",
    _SPEECH: "read aloud",
    _TRANSCRIPTS: "transcribe speech",
}
_USUAL = {
    "text": re.compile(r"gpt-(?!oss)|chatgpt-|o\d"),
    "embedding": re.compile("text-embedding-"),
    _PICTURES: re.compile("dall-e-|gpt-image-"),
    _SPEECH: re.compile("tts-1|gpt-4o-mini-tts"),
    _TRANSCRIPTS: re.compile("whisper-1|gpt-4o-(mini-)?transcribe"),
}
"""Names that clients send unless they are told others: the best that is installed answers."""
TEXTS_A_JOB = 256
"""As many as the task takes."""

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The handlers of all addresses."""

    def __init__(self, bridge: Bridge, weights: WeightsCatalogue) -> None:
        self._bridge, self._weights = bridge, weights
        self._conversations = Conversations()

    def app(self) -> Starlette:
        """Return the application; unknown paths are 404."""
        routes = [
            Route("/health", _careful(self.health), methods=["GET"]),
            Route("/v1/models", _careful(self.models), methods=["GET"]),
            Route("/v1/models/{id}", _careful(self.model), methods=["GET"]),
            Route("/v1/chat/completions", _careful(self.chat), methods=["POST"]),
            Route("/v1/completions", _careful(self.complete), methods=["POST"]),
            Route("/v1/embeddings", _careful(self.embed), methods=["POST"]),
            Route("/v1/responses", _careful(self.respond), methods=["POST"]),
            Route("/v1/moderations", _careful(self.moderate), methods=["POST"]),
            Route("/infill", _careful(self.infill), methods=["POST"]),
        ]
        if self._bridge.knows(DRAWING):
            routes.append(Route("/v1/images/generations", _careful(self.draw), methods=["POST"]))
        if self._bridge.knows(SPEAKING):
            routes.append(Route("/v1/audio/speech", _careful(self.speak), methods=["POST"]))
        if self._bridge.knows(LISTENING):
            routes += [Route(path, _careful(self.listen), methods=["POST"]) for path in FORMS]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _unknown})
        app.router.redirect_slashes = False
        return app

    async def health(self, request: Request) -> Response:
        """Answer that the server is there."""
        return answer({"status": "ok"})

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
        wish = decode(await _body(request), ChatRequest)
        wish.model = await self._model(wish.model, "text")
        writer = responses.ResponseWriter(wish.model, True, wish.count())
        return await self._write(request, wish, writer)

    async def complete(self, request: Request) -> Response:
        """Go on with a text."""
        wish = decode(await _body(request), CompletionRequest)
        wish.model = await self._model(wish.model, "text")
        writer = responses.ResponseWriter(wish.model, False, wish.count())
        return await self._write(request, wish, writer)

    async def infill(self, request: Request) -> Response:
        """Fill a gap, as llama.cpp's server does; unless one is named, by the best code model."""
        wish = decode(await _body(request), infill.InfillRequest)
        best = wish.model or (await asyncio.to_thread(self._weights.default_for, "text", "code")).id
        best = await self._model(best, "text")
        params = wish.params(best)
        if not wish.n_predict:  # an editor warms a cache that is filled here by itself
            return answer(infill.told(wish, best, "", {}, False))
        events = self._bridge.run(WRITING, params, wish.inputs())
        written = await _unless_gone(request, infill.written(events, wish.t_max_predict_ms))
        return answer(infill.told(wish, best, *written))

    async def embed(self, request: Request) -> Response:
        """Turn texts into vectors."""
        wish = decode(await _body(request), EmbeddingRequest)
        wish.model = await self._model(wish.model, "embedding")
        texts = wish.texts()
        parts = [texts[at : at + TEXTS_A_JOB] for at in range(0, len(texts), TEXTS_A_JOB)]
        results = await _unless_gone(request, self._vectors(wish.model, parts))
        packed = wish.encoding_format == "base64"
        return answer(responses.embeddings(wish.model, results, packed, wish.dimensions))

    async def respond(self, request: Request) -> Response:
        """Answer a conversation, as the newer address of OpenAI's has it."""
        wish = decode(await _body(request), ResponseRequest)
        wish.model = await self._model(wish.model, "text")
        messages = [*self._conversations.before(wish.previous_response_id), *wish.messages()]
        chat = wish.chat(messages)
        events = self._bridge.run(WRITING, chat.params(), chat.inputs())
        response = ResponseObject(wish)

        def keep() -> None:
            if wish.store is not False:
                self._conversations.keep(response.id, [*messages, response.said()])

        if not wish.stream:
            whole = response.whole(*await _unless_gone(request, _result(events)))
            keep()
            return answer(whole)
        first = await _unless_gone(request, anext(events))
        stream = _response_stream(first, events, response, keep)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def draw(self, request: Request) -> Response:
        """Make pictures."""
        wish = decode(await _body(request), PictureRequest)
        if wish.model:
            wish.model = await self._model(wish.model, _PICTURES)
        events = self._bridge.run(DRAWING, wish.params())
        pictures_made = await _unless_gone(request, _handed(events, "picture"))
        return answer(pictures(pictures_made))

    async def speak(self, request: Request) -> Response:
        """Read a text aloud."""
        wish = decode(await _body(request), SpeechRequest)
        wish.model = await self._model(wish.model, _SPEECH)
        events = self._bridge.run(SPEAKING, wish.params())
        (sound,) = await _unless_gone(request, _handed(events, "sound"))
        return Response(sound, media_type="audio/wav")

    async def listen(self, request: Request) -> Response:
        """Write a recording down."""
        body = await _body(request)
        async with _closing(await _form(request, body)) as form:
            recording = await recording_of(form, english=request.url.path.endswith("translations"))
        recording.model = await self._model(recording.model, _TRANSCRIPTS)
        events = self._bridge.run(LISTENING, recording.params(), {"sound": recording.data})
        _pieces, result = await _unless_gone(request, _result(events))
        return transcript(recording, result)

    async def moderate(self, request: Request) -> Response:
        """Say that nothing here judges texts: an answer would be made up."""
        message = "Moderation is not available: no local model classifies content."
        raise Refusal(HTTPStatus.NOT_IMPLEMENTED, message, "unsupported")

    async def _vectors(self, model: str, parts: list[list[str]]) -> list[Mapping[str, Any]]:
        results = []
        for texts in parts:
            events = self._bridge.run(EMBEDDING, {"weights": model, "texts": texts})
            results.append((await _result(events))[1])
        return results

    def _rows(self) -> dict[str, Weights]:
        """Return the weights that the server may be asked for, by their ids."""
        others = ((DRAWING, _PICTURES), (SPEAKING, _SPEECH), (LISTENING, _TRANSCRIPTS))
        there = (kind for task, kind in others if self._bridge.knows(task))
        kinds = ("text", "embedding", *there)
        return {row.id: row for kind in kinds for row in self._weights.list(kind)}

    async def _named(self, id: str) -> Weights:
        """Return one of them; those of other plugins are none of the server's."""
        rows = await asyncio.to_thread(self._rows)
        if id not in rows:
            usable = ", ".join(row.id for row in rows.values() if not row.problem) or "none"
            message = f"There is no model “{id[:200]}”. Available: {usable}."
            raise Refusal(404, message, "model_not_found")
        if problem := rows[id].problem:
            raise Refusal(400, problem, "bad_weights")
        return rows[id]

    async def _model(self, model: str, capability: str) -> str:
        """Return the id of the weights that are asked for by it, or by a name of OpenAI's.

        Raises:
            Refusal: They are not here, or do something else.
        """
        if not model:
            raise Refusal(400, "The request has no “model”; see /v1/models.", "model")
        if _USUAL[capability].match(model) and model not in await asyncio.to_thread(self._rows):
            return (await asyncio.to_thread(self._weights.default_for, capability)).id
        if capability not in (await self._named(model)).capabilities:
            does = _DOES[capability]
            raise Refusal(400, f"The model “{model}” cannot {does}.", "model")
        return model

    async def _write(
        self,
        request: Request,
        wish: ChatRequest | CompletionRequest,
        writer: responses.ResponseWriter,
    ) -> Response:
        events = self._bridge.run(WRITING, wish.params(), wish.inputs())
        if not wish.stream:
            return answer(writer.whole(*await _unless_gone(request, _result(events))))
        # The first event decides between an answer and a refusal: after it, 200 has been said.
        first = await _unless_gone(request, anext(events))
        stream = _stream(first, events, writer, wish.wants_usage)
        return StreamingResponse(stream, media_type="text/event-stream")


async def _result(events: AsyncIterator[Any]) -> tuple[list[Piece], Mapping[str, Any]]:
    """Return the texts and the result of a job, once it is over."""
    pieces: list[Piece] = []
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        async for event in steps:
            if not isinstance(event, Piece):
                return pieces, event
            pieces.append(event)
    raise Refusal(500, "The job ended without a result.", "internal")


async def _stream(
    first: Any, events: AsyncIterator[Any], writer: responses.ResponseWriter, with_usage: bool
) -> AsyncIterator[bytes]:
    yield writer.first()
    event = first
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        try:
            while isinstance(event, Piece):
                yield writer.piece(event)
                event = await anext(steps)
        except (StudioError, Refusal) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            yield (
                responses.failure(body_of(refusal.message, refusal.code, refusal.status))
                + responses.DONE
            )
            return
    yield writer.last(event, with_usage)


async def _response_stream(
    first: Any, events: AsyncIterator[Any], response: ResponseObject, keep: Callable[[], None]
) -> AsyncIterator[bytes]:
    yield response.first()
    event = first
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        try:
            while isinstance(event, Piece):
                yield response.piece(event)
                event = await anext(steps)
        except (StudioError, Refusal) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            yield response.failed(refusal.message, refusal.code)
            return
    keep()
    yield response.last(event)


async def _handed(events: AsyncIterator[Any], what: str) -> list[bytes]:
    """Return the pictures or sounds of a job, once it is over."""
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        payloads = [event.payload async for event in steps if isinstance(event, Made)]
    if not payloads:
        raise Refusal(500, f"The job ended without a {what}.", "internal")
    return payloads


@contextlib.asynccontextmanager
async def _closing(form: FormData) -> AsyncIterator[FormData]:
    try:
        yield form
    finally:
        await form.close()


async def _form(request: Request, body: bytes) -> FormData:
    """Return the parts of a form, read from a body whose size was checked."""

    async def parts() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, parts(), max_part_size=1 << 20)
    parser.spool_max_size = MOST_BYTES  # in memory: nothing of other programs' is written
    try:
        return await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise Refusal(
            400, "The request is not a multipart form with a file.", "bad_input"
        ) from error


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
    """Return the body, refusing one above the limit, whatever its declared length."""
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
    message = f"{path} does not exist."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and headers:
        message = f"{path} supports {headers['Allow']}, not {request.method}."
    return refused(Refusal(error.status_code, message, "unknown", headers))
