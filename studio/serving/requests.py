"""What clients of OpenAI send, checked, as parameters of the studio's tasks.

Format: OpenAI's API reference, ``chat/completions`` and ``completions``. What changes the answer
and is not to be had is refused: an answer to another question would be worse. The rest is ignored.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from studio.serving.refusals import Refusal

R = TypeVar("R", bound=msgspec.Struct)

DEFAULT_TOKENS = 1024


class ContentPart(msgspec.Struct):
    """A part of a message; only text is understood."""

    type: str
    text: str = ""


class Message(msgspec.Struct):
    """A turn of a conversation."""

    role: str
    content: str | list[ContentPart] | None = None


class StreamOptions(msgspec.Struct):
    """``include_usage``: one more chunk at the end, with counts."""

    include_usage: bool = False


class _Request(msgspec.Struct, kw_only=True):
    model: str
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    n: int | None = None
    logprobs: Any = None
    logit_bias: Any = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with counts."""
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self) -> dict[str, Any]:
        """Return the parameters that both kinds of request have.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if (self.n or 1) != 1:
            raise _unsupported("n", "one answer a request; ask again for another")
        for name in ("logprobs", "logit_bias"):
            if getattr(self, name):
                raise _unsupported(name, "probabilities are neither told nor changed")
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        wanted = {
            "weights": self.model,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "presence_penalty": self.presence_penalty,
            "frequency_penalty": self.frequency_penalty,
            "seed": self.seed,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return {"max_tokens": self.max_tokens or DEFAULT_TOKENS, "stop": stop, **given}


class ChatRequest(_Request, kw_only=True):
    """``POST /v1/chat/completions``."""

    messages: list[Message]
    max_completion_tokens: int | None = None
    response_format: dict[str, Any] | None = None
    tools: Any = None
    functions: Any = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``chat.reply``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if self.tools or self.functions:
            raise _unsupported("tools", "no functions are called")
        if (self.response_format or {"type": "text"}).get("type") != "text":
            raise _unsupported("response_format", "answers are free text")
        self.max_tokens = self.max_completion_tokens or self.max_tokens
        messages = [{"role": _role(m), "content": _text(m)} for m in self.messages]
        return {**self.sampling(), "messages": messages}


class CompletionRequest(_Request, kw_only=True):
    """``POST /v1/completions``: a text to go on with, without a conversation."""

    prompt: str | list[str]
    echo: bool = False
    suffix: str | None = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``chat.reply``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        prompts = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        if len(prompts) != 1:
            raise _unsupported("prompt", "one text a request")
        if self.echo or self.suffix:
            raise _unsupported("echo" if self.echo else "suffix", "the text only goes on")
        return {**self.sampling(), "prompt": prompts[0], "raw": True}


def decode(body: bytes, kind: type[R]) -> R:
    """Return the request in ``body``.

    Raises:
        Refusal: It is not JSON, or not such a request.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The request cannot be read: {error}.", "invalid_json") from error


def _role(message: Message) -> str:
    return "system" if message.role == "developer" else message.role


def _text(message: Message) -> str:
    if isinstance(message.content, list):
        other = next((part.type for part in message.content if part.type != "text"), "")
        if other:
            raise _unsupported(other, "messages are text; nothing is fetched for them")
        return "".join(part.text for part in message.content)
    return message.content or ""


def _unsupported(name: str, why: str) -> Refusal:
    return Refusal(400, f"“{name}” is not supported here: {why}.", "unsupported")
