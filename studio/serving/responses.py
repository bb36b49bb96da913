"""The server's answers in the format of OpenAI's API reference. Data only."""

from __future__ import annotations

import base64
import contextlib
import math
import secrets
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import msgspec

from studio.models.weights import Weights
from studio.serving.bridge import Piece
from studio.serving.errors import Refusal

_REASONS = {"stop": "stop", "stop_string": "stop", "length": "length", "context": "length"}

DONE = b"data: [DONE]\n\n"
"""Ends a stream."""


@dataclass
class Choice:
    """One reply, as it has come so far.

    Attributes:
        text: Its pieces.
        calls: Of its tools: id, name and pieces of the arguments.
        logprobs: One for each token.
    """

    text: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, list[str]]] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)

    def take(self, channel: str, text: str) -> dict[str, Any]:
        """Add a piece; return its delta in the format of ``chat/completions``."""
        kind, *rest = channel.split(" ")
        if kind == "logprobs":
            rows = [_chance(line) for line in text.splitlines()]
            self.logprobs += rows
            return {"logprobs": rows}
        if kind != "call":
            self.text.append(text)
            return {"delta": {"content": text}}
        at, name = int(rest[1]) - 1, rest[2]
        delta: dict[str, Any] = {"index": at, "function": {"arguments": text}}
        if at == len(self.calls):
            self.calls.append((f"call_{secrets.token_hex(12)}", name, []))
            delta |= {"id": self.calls[at][0], "type": "function"}
            delta["function"] = {"name": name, "arguments": text}
        self.calls[at][2].append(text)
        return {"delta": {"tool_calls": [delta]}}

    def message(self) -> dict[str, Any]:
        """Return it as the message of a conversation."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.text)}
        if self.calls:
            message["content"] = message["content"] or None
            message["tool_calls"] = [
                {
                    "id": id,
                    "type": "function",
                    "function": {"name": name, "arguments": "".join(parts)},
                }
                for id, name, parts in self.calls
            ]
        return message


@dataclass
class ResponseWriter:
    """Words one answer, whole or in pieces.

    Attributes:
        model: As the request named it.
        is_chat: Else a text that goes on.
        count: How many replies were asked for.
    """

    model: str
    is_chat: bool
    count: int = 1
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def __post_init__(self) -> None:
        self._choices = [Choice() for _ in range(self.count)]

    def whole(self, pieces: Iterable[Piece], result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of a request that does not stream."""
        for piece in pieces:
            self._of(piece)[1].take(piece.channel, piece.text)
        rows = []
        for index, choice in enumerate(self._choices):
            content = (
                {"message": choice.message()} if self.is_chat else {"text": "".join(choice.text)}
            )
            end = {
                "finish_reason": self._reason(index, result),
                "logprobs": self._logprobs(choice.logprobs),
            }
            rows.append({"index": index, **content, **end})
        kind = "chat.completion" if self.is_chat else "text_completion"
        return {**self._head(kind), "choices": rows, "usage": usage(result), **_told(result)}

    def first(self) -> bytes:
        """Return the start of a stream."""
        if not self.is_chat:
            return b""
        delta = {"role": "assistant", "content": ""}
        return b"".join(self._chunk(index, {"delta": delta}) for index in range(self.count))

    def piece(self, piece: Piece) -> bytes:
        """Return the chunk for new text, or for its details."""
        index, choice = self._of(piece)
        delta = choice.take(piece.channel, piece.text)
        if not self.is_chat and "delta" in delta:
            delta = {"text": piece.text}
        if "logprobs" in delta:
            delta["logprobs"] = self._logprobs(delta["logprobs"])
        return self._chunk(index, delta)

    def last(self, result: Mapping[str, Any], with_usage: bool) -> bytes:
        """Return the chunks after the text."""
        end = b"".join(
            self._chunk(index, {"finish_reason": self._reason(index, result)}, _told(result))
            for index in range(self.count)
        )
        if with_usage:
            kind = "chat.completion.chunk" if self.is_chat else "text_completion"
            end += _event({**self._head(kind), "choices": [], "usage": usage(result)})
        return end + DONE

    def _of(self, piece: Piece) -> tuple[int, Choice]:
        """Return which reply a piece belongs to."""
        words = piece.channel.split(" ")
        index = int(words[1]) - 1 if len(words) > 1 else 0
        return index, self._choices[index]

    def _reason(self, index: int, result: Mapping[str, Any]) -> str:
        reasons = result.get("finish_reasons") or [result.get("finish_reason", "")]
        reason = _REASONS.get(str(reasons[index]), "stop")
        return "tool_calls" if reason == "stop" and self._choices[index].calls else reason

    def _logprobs(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """Return likelihoods of tokens as the address words them."""
        if not rows:
            return None
        if self.is_chat:
            return {"content": list(rows), "refusal": None}
        return {
            "tokens": [row["token"] for row in rows],
            "token_logprobs": [row["logprob"] for row in rows],
            "top_logprobs": [
                {top["token"]: top["logprob"] for top in row["top_logprobs"]} for row in rows
            ],
            "text_offset": [],
        }

    def _chunk(
        self,
        index: int,
        fields: Mapping[str, Any],
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> bytes:
        content: dict[str, Any] = {"delta": {}} if self.is_chat else {"text": ""}
        kind = "chat.completion.chunk" if self.is_chat else "text_completion"
        choice = {"index": index, "finish_reason": None, "logprobs": None, **content, **fields}
        return _event({**self._head(kind), "choices": [choice], **more})

    def _head(self, kind: str) -> dict[str, Any]:
        prefix = "chatcmpl" if self.is_chat else "cmpl"
        return {
            "id": f"{prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
        }


def _chance(line: str) -> dict[str, Any]:
    """Return a token's likelihood as OpenAI words it, from a line of ``chat.reply``."""
    spelling, logprob, top = msgspec.json.decode(line)
    rows = [_token(token, value) for token, value in top]
    return {**_token(spelling, logprob), "top_logprobs": rows}


def _token(packed: str, logprob: float) -> dict[str, Any]:
    spelling = base64.b64decode(packed)
    text = spelling.decode("utf-8", "replace")
    return {"token": text, "logprob": logprob, "bytes": list(spelling)}


def embeddings(
    model: str,
    results: Sequence[Mapping[str, Any]],
    packed: bool,
    dimensions: int | None = None,
) -> dict[str, Any]:
    """Return the answer to a request for vectors.

    Args:
        results: Of the jobs that made them, in the order of the texts.
        packed: Give each as base64 of float32, little end first.
        dimensions: Keep so many of the first numbers of each, and give it the length 1 again.

    Raises:
        Refusal: The vectors have fewer numbers.
    """
    rows = [row for result in results for row in result["vectors"]]
    if dimensions is not None:
        rows = [_shortened(row, dimensions) for row in rows]
    read = sum(int(result["tokens"]) for result in results)
    before = list(accumulate((len(result["vectors"]) for result in results), initial=0))
    cut = [at + i for at, result in zip(before, results) for i in result.get("shortened", ())]
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(row) if packed else row}
            for index, row in enumerate(rows)
        ],
        "usage": {"prompt_tokens": read, "total_tokens": read},
        "shortened": cut,  # no field of OpenAI's: of these only the beginning was read
    }


def _shortened(row: Sequence[float], dimensions: int) -> list[float]:
    if dimensions > len(row):
        message = f"The model makes vectors of {len(row)} numbers, so “dimensions” is at most that."
        raise Refusal(400, message, "bad_input")
    values = row[:dimensions]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def _packed(row: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()


def usage(result: Mapping[str, Any]) -> dict[str, int]:
    """Return how many tokens were read and written."""
    read, written = int(result.get("prompt_tokens", 0)), int(result.get("tokens", 0))
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


def model(weights: Weights) -> dict[str, Any]:
    """Return one row of ``/v1/models``; weights were created when their file was."""
    created = 0
    with contextlib.suppress(OSError):  # it was moved away meanwhile
        created = int(weights.path.stat().st_mtime)
    return {"id": weights.id, "object": "model", "created": created, "owned_by": "local"}


def failure(body: Mapping[str, Any]) -> bytes:
    """Return the event that tells of a failure after the stream has begun."""
    return _event(body)


def _told(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return remarks for the client, in fields beyond OpenAI's: that the oldest messages did not
    fit and were left out, or why the model's own chat template was not used.
    """
    return {name: result[name] for name in ("dropped", "note") if result.get(name)}


def _event(body: Mapping[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
