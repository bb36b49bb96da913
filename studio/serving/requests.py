"""What clients of OpenAI send, checked, as parameters of the studio's tasks.

Format: OpenAI's API reference, ``chat/completions`` and ``completions``. What changes the answer
and is not to be had is refused: an answer to another question would be worse. The rest is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec

from studio.serving.errors import Refusal
from studio.serving.tools import CallRow, ToolChoice, ToolRow, in_order, offer

_ROLES = ("system", "developer", "user", "assistant", "tool")

R = TypeVar("R", bound=msgspec.Struct)

DEFAULT_TOKENS = 1024
MOST_TOKENS = 32_768
"""As many as the task writes; who allows more, or -1 for any number, gets them."""
MOST_CHOICES = 16
"""Replies to one request; a model writes as many together."""
MOST_TEXTS = 2048
"""Of one request for vectors, as at OpenAI."""


class ImageAddress(msgspec.Struct):
    """Where a picture is; ``detail`` is a remark to models of OpenAI's."""

    url: str
    detail: str | None = None


class ContentPart(msgspec.Struct):
    """A part of a message: ``text``, or ``image_url`` with the picture itself in its address."""

    type: str
    text: str | None = None
    image_url: ImageAddress | str | None = None


class Message(msgspec.Struct):
    """A turn of a conversation; the assistant's may have calls, and ``tool`` answers one."""

    role: str
    content: str | list[ContentPart] | None = None
    tool_calls: list[CallRow] | None = None
    tool_call_id: str | None = None


class StreamOptions(msgspec.Struct):
    """``include_usage``: one more chunk at the end, with counts."""

    include_usage: bool | None = None


class JsonSchema(msgspec.Struct):
    """The schema of a ``response_format``; its name and strictness change nothing."""

    schema: dict[str, Any] | None = None


class ResponseFormat(msgspec.Struct):
    """``text``, ``json_object`` or ``json_schema``."""

    type: str
    json_schema: JsonSchema | None = None

    def schema(self) -> str:
        """Return the schema that the answer must have; empty for free text.

        Raises:
            Refusal: The type is unknown, or its schema is missing.
        """
        match self.type:
            case "text":
                return ""
            case "json_object":
                return _json({"type": "object"})
            case "json_schema" if self.json_schema and self.json_schema.schema is not None:
                return _json(self.json_schema.schema)
            case "json_schema":
                raise Refusal(400, "“response_format” has no schema.", "invalid_json")
        raise _unsupported("response_format", "text, json_object or json_schema")


class _Request(msgspec.Struct, kw_only=True):
    """What both kinds of request have. The last are no fields of OpenAI's: sampling as llama.cpp
    names it, and the form of the answer, as a schema, a regular expression or a Lark grammar.
    """

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    n: int | None = None
    best_of: int | None = None
    logprobs: bool | int | None = None
    top_logprobs: int | None = None
    logit_bias: Any = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    json_schema: dict[str, Any] | None = None
    regex: str | None = None
    grammar: str | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with counts."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    def sampling(self) -> dict[str, Any]:
        """Return the parameters that both kinds of request have.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if self.best_of not in (None, 1):
            raise _unsupported("best_of", "replies are not compared; use n")
        if self.logit_bias not in (None, {}):
            raise _unsupported("logit_bias", "tokens differ from model to model")
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        wanted = {
            "weights": self.model,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repetition_penalty": self.repeat_penalty,
            "presence_penalty": self.presence_penalty,
            "frequency_penalty": self.frequency_penalty,
            "seed": self.seed,
            "max_tokens": _most_tokens(self.max_tokens),
            "schema": None if self.json_schema is None else _json(self.json_schema),
            "regex": self.regex,
            "grammar": self.grammar,
        }
        given = {name: value for name, value in wanted.items() if value not in (None, "")}
        return {"stop": stop, **given}

    def count(self) -> int:
        """Return how many replies are asked for.

        Raises:
            Refusal: Too many, or none.
        """
        if not 1 <= (self.n or 1) <= MOST_CHOICES or self.n == 0:
            raise Refusal(400, f"“n” must be 1 to {MOST_CHOICES}.", "bad_input")
        return self.n or 1

    def wishes(self) -> dict[str, Any]:
        """Return the inputs for several replies, and for likelihoods."""
        given: dict[str, Any] = {} if self.n in (None, 1) else {"choices": self.n}
        if self.top_logprobs is not None:
            given["logprobs"] = self.top_logprobs
        elif self.logprobs is not None and self.logprobs is not False:  # 0 asks for some, too
            given["logprobs"] = int(self.logprobs) if self.logprobs is not True else 0
        return given


class ChatRequest(_Request, kw_only=True):
    """``POST /v1/chat/completions``."""

    messages: list[Message]
    max_completion_tokens: int | None = None
    response_format: ResponseFormat | None = None
    tools: list[ToolRow] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: Any = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``chat.reply``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if self.functions:
            raise _unsupported("functions", "it is out of date; use tools")
        if self.max_completion_tokens is not None:
            self.max_tokens = self.max_completion_tokens
        params = self.sampling()
        if self.response_format and (schema := self.response_format.schema()):
            if "schema" in params:
                raise Refusal(
                    400,
                    "A reply can have only one output format, but two schemas are given.",
                    "bad_input",
                )
            params["schema"] = schema
        return params

    def inputs(self) -> dict[str, Any]:
        """Return what ``chat.reply`` is handed beside them.

        Raises:
            Refusal: A message is none that can be answered.
        """
        offered = offer(self.tools or (), self.tool_choice, self.parallel_tool_calls)
        turns, pictures = _turns(self.messages)
        shown = {"pictures": pictures} if pictures else {}
        return {"messages": turns, **shown, **offered, **self.wishes()}


class CompletionRequest(_Request, kw_only=True):
    """``POST /v1/completions``: a text to go on with, without a conversation."""

    prompt: str | list[Any]
    echo: bool = False
    suffix: str | None = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``chat.reply``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        prompts = _texts("prompt", self.prompt)
        if len(prompts) != 1:
            raise _unsupported("prompt", "only one prompt per request")
        if self.echo:
            raise _unsupported("echo", "the prompt is not repeated in the answer")
        return {**self.sampling(), "prompt": prompts[0], "raw": True}

    def inputs(self) -> dict[str, Any]:
        """Return what ``chat.reply`` is handed beside them: what follows the gap to be filled."""
        return {**({"suffix": self.suffix} if self.suffix else {}), **self.wishes()}


class EmbeddingRequest(msgspec.Struct, kw_only=True):
    """``POST /v1/embeddings``: texts that become vectors."""

    model: str
    input: str | list[Any]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None

    def texts(self) -> list[str]:
        """Return the texts.

        Raises:
            Refusal: There are none, too many, or something is asked that is not to be had.
        """
        texts = _texts("input", self.input)
        if not 1 <= len(texts) <= MOST_TEXTS:
            raise Refusal(400, f"Give 1 to {MOST_TEXTS} texts, not {len(texts)}.", "bad_input")
        if self.dimensions is not None and self.dimensions < 1:
            raise Refusal(400, "“dimensions” must be 1 or more.", "bad_input")
        return texts


def decode(body: bytes, kind: type[R]) -> R:
    """Return the request in ``body``.

    Raises:
        Refusal: It is not JSON, or not such a request.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The request is invalid: {error}.", "invalid_json") from error


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _turns(messages: Sequence[Message]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return ``messages`` as ``chat.reply`` takes them, and their pictures in base64.

    Raises:
        Refusal: One has an unknown role, answers a call that was not made, or shows a picture that
            is not in the request.
    """
    turns: list[dict[str, Any]] = []
    pictures: list[str] = []
    ids: list[tuple[list[str], str]] = []
    for number, message in enumerate(messages, 1):
        role = "system" if message.role == "developer" else message.role
        if role not in _ROLES:
            roles = ", ".join(_ROLES)
            error = f"Message {number} has the unknown role “{role[:40]}”. Use one of {roles}."
            raise Refusal(400, error, "invalid_role")
        turn: dict[str, Any] = {"role": role, "content": _text(message)}
        if shown := _pictures(message, role):
            turn["pictures"] = list(range(len(pictures), len(pictures) + len(shown)))
            pictures += shown
        calls = message.tool_calls if role == "assistant" else None
        if calls:
            turn["calls"] = [call.told() for call in calls]
        turns.append(turn)
        ids.append(([call.id for call in calls or ()], message.tool_call_id or ""))
    return in_order(turns, ids), pictures


def _pictures(message: Message, role: str) -> list[str]:
    """Return the pictures that a message shows; nothing is ever fetched for it."""
    parts = message.content if isinstance(message.content, list) else ()
    images = []
    for part in parts:
        if part.type != "image_url":
            continue
        if role != "user":
            raise _unsupported("image_url", "only messages of the user can show pictures")
        given = part.image_url
        address = given.url if isinstance(given, ImageAddress) else given or ""
        head, _, data = address.partition(",")
        if not head.startswith("data:image/") or not head.endswith(";base64"):
            reason = "pictures must be in the request, as data:image/…;base64; nothing is fetched"
            raise _unsupported("image_url", reason)
        images.append(data)
    return images


def _text(message: Message) -> str:
    if isinstance(message.content, list):
        types = ("text", "image_url")
        other = next((part.type for part in message.content if part.type not in types), "")
        if other:
            raise _unsupported(other, "messages must be text and pictures; files are not supported")
        return "".join(part.text or "" for part in message.content)
    return message.content or ""


def _texts(name: str, given: str | list[Any]) -> list[str]:
    """Return ``given`` as texts. OpenAI's models take numbers of tokens, too: of its vocabulary."""
    texts = [given] if isinstance(given, str) else given
    if not all(isinstance(text, str) for text in texts):
        why = "input must be text, not token ids"
        raise _unsupported(name, f"{why} (in LangChain, check_embedding_ctx_length=False)")
    return texts


def _most_tokens(limit: int | None) -> int:
    if limit is None:
        return DEFAULT_TOKENS
    return MOST_TOKENS if limit == -1 else min(limit, MOST_TOKENS)


def _unsupported(name: str, why: str) -> Refusal:
    return Refusal(400, f"“{name}” is not supported here: {why}.", "unsupported")
