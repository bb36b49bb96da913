"""What the server answers, in the words of OpenAI's API reference. Data only."""

from __future__ import annotations

import base64
import secrets
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import msgspec

from studio.core.weights.weights import Weights

_REASONS = {"stop": "stop", "stop_string": "stop", "length": "length", "context": "length"}

DONE = b"data: [DONE]\n\n"
"""Ends a stream."""


@dataclass
class ResponseWriter:
    """Words one answer, whole or in pieces.

    Attributes:
        model: As the request named it.
        is_chat: Else a text that goes on.
    """

    model: str
    is_chat: bool
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the one answer of a request that does not stream."""
        said = (
            {"message": {"role": "assistant", "content": text}} if self.is_chat else {"text": text}
        )
        kind = "chat.completion" if self.is_chat else "text_completion"
        choice = {"index": 0, **said, "finish_reason": _reason(result), "logprobs": None}
        return {**self._head(kind), "choices": [choice], "usage": usage(result), **_told(result)}

    def first(self) -> bytes:
        """Return what a stream begins with."""
        return self._chunk({"role": "assistant", "content": ""}, "") if self.is_chat else b""

    def piece(self, text: str) -> bytes:
        """Return the chunk for new text."""
        return self._chunk({"content": text}, text)

    def last(self, result: Mapping[str, Any], with_usage: bool) -> bytes:
        """Return the chunks after the text."""
        end = self._chunk({}, "", _reason(result), _told(result))
        if with_usage:
            kind = "chat.completion.chunk" if self.is_chat else "text_completion"
            end += _event({**self._head(kind), "choices": [], "usage": usage(result)})
        return end + DONE

    def _chunk(
        self,
        delta: Mapping[str, Any],
        text: str,
        reason: str | None = None,
        told: Mapping[str, Any] = MappingProxyType({}),
    ) -> bytes:
        said: dict[str, Any] = {"delta": delta} if self.is_chat else {"text": text}
        kind = "chat.completion.chunk" if self.is_chat else "text_completion"
        choice = {"index": 0, **said, "finish_reason": reason, "logprobs": None}
        return _event({**self._head(kind), "choices": [choice], **told})

    def _head(self, kind: str) -> dict[str, Any]:
        prefix = "chatcmpl" if self.is_chat else "cmpl"
        return {
            "id": f"{prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
        }


def embeddings(model: str, results: Sequence[Mapping[str, Any]], packed: bool) -> dict[str, Any]:
    """Return the answer to a request for vectors.

    Args:
        results: Of the jobs that made them, in the order of the texts.
        packed: Give each as base64 of float32, little end first.
    """
    rows = [row for result in results for row in result["vectors"]]
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
    """Return one row of ``/v1/models``."""
    return {"id": weights.id, "object": "model", "created": 0, "owned_by": "local"}


def failure(body: Mapping[str, Any]) -> bytes:
    """Return the event that tells of a failure after the stream has begun."""
    return _event(body)


def _told(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client should know, in no fields of OpenAI's: that the oldest messages did not
    fit and were left out, or why the model's own chat template was not used.
    """
    return {name: result[name] for name in ("dropped", "note") if result.get(name)}


def _reason(result: Mapping[str, Any]) -> str:
    return _REASONS.get(str(result.get("finish_reason", "")), "stop")


def _event(body: Mapping[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
