"""The answers of ``/v1/responses``, whole or as events. Data only, but for the last conversations.

Format: OpenAI's API reference, ``responses`` and its streaming events.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from studio.serving.bridge import Piece
from studio.serving.errors import Refusal
from studio.serving.requests import Message
from studio.serving.response_requests import ResponseRequest
from studio.serving.responses import Choice
from studio.serving.tools import CalledFunction, CallRow

MOST_KEPT = 64
MOST_CHARACTERS = 8 << 20
"""Of all conversations that are kept for ``previous_response_id``: in memory, and nowhere else."""


class Conversations:
    """The last conversations, for whoever goes on with one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[list[Message], int]] = OrderedDict()

    def before(self, id: str | None) -> list[Message]:
        """Return the messages up to the response ``id``.

        Raises:
            Refusal: It is no longer stored.
        """
        if not id:
            return []
        if id not in self._kept:
            message = (
                f"There is no response “{id[:80]}” to continue from: never stored, or long ago."
            )
            raise Refusal(404, message, "previous_response_not_found")
        return list(self._kept[id][0])

    def keep(self, id: str, messages: list[Message]) -> None:
        """Keep a conversation; those of long ago go."""
        self._kept[id] = messages, len(msgspec.json.encode(messages))
        while (
            len(self._kept) > MOST_KEPT
            or sum(size for _, size in self._kept.values()) > MOST_CHARACTERS
        ):
            self._kept.popitem(last=False)


class ResponseObject:
    """Words one answer.

    Attributes:
        id: Of the response.
        choice: What has been written of it.
    """

    def __init__(self, request: ResponseRequest) -> None:
        self.id = f"resp_{secrets.token_hex(12)}"
        self.choice = Choice()
        self._asked = request
        self._created = int(time.time())
        self._message_id = f"msg_{secrets.token_hex(12)}"
        self._number = 0

    def whole(self, pieces: Sequence[Piece], result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of a request that does not stream."""
        for piece in pieces:
            self.choice.take(piece.channel, piece.text)
        return self._response(_status(result), result)

    def first(self) -> bytes:
        """Return the start of a stream."""
        response = self._response("in_progress")
        return b"".join(
            self._event(f"response.{name}", response=response)
            for name in ("created", "in_progress")
        )

    def piece(self, piece: Piece) -> bytes:
        """Return the events for new text, or for new arguments of a call."""
        count = len(self.choice.calls) + bool(self.choice.text)
        self.choice.take(piece.channel, piece.text)
        items = self._items("in_progress")
        chunks = b""
        at = self._place(piece)
        if len(items) > count:
            if at:
                chunks += self._ended(items[at - 1], at - 1)
            chunks += self._event(
                "response.output_item.added", output_index=at, item=_emptied(items[at])
            )
            if items[at]["type"] == "message":
                part = {"type": "output_text", "text": "", "annotations": []}
                chunks += self._event("response.content_part.added", **self._within(at), part=part)
        if items[at]["type"] == "message":
            return chunks + self._event(
                "response.output_text.delta", **self._within(at), delta=piece.text, logprobs=[]
            )
        return chunks + self._event(
            "response.function_call_arguments.delta",
            item_id=items[at]["id"],
            output_index=at,
            delta=piece.text,
        )

    def last(self, result: Mapping[str, Any]) -> bytes:
        """Return the events after the text."""
        status = _status(result)
        items = self._items(status)
        chunks = self._ended(items[-1], len(items) - 1) if items else b""
        return chunks + self._event(f"response.{status}", response=self._response(status, result))

    def failed(self, message: str, code: str) -> bytes:
        """Return the event of a failure after the stream has begun."""
        response = {**self._response("failed"), "error": {"code": code, "message": message}}
        return self._event("response.failed", response=response)

    def said(self) -> Message:
        """Return the answer as a message of the conversation."""
        calls = [
            CallRow(id=id, function=CalledFunction(name, "".join(parts)))
            for id, name, parts in self.choice.calls
        ]
        return Message("assistant", "".join(self.choice.text), calls or None)

    def _place(self, piece: Piece) -> int:
        """Return which item of the output a piece belongs to."""
        words = piece.channel.split(" ")
        return int(words[2]) - 1 + bool(self.choice.text) if words[0] == "call" else 0

    def _items(self, status: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if self.choice.text or not self.choice.calls:
            text = {"type": "output_text", "text": "".join(self.choice.text), "annotations": []}
            items.append(
                {
                    "type": "message",
                    "id": self._message_id,
                    "status": status,
                    "role": "assistant",
                    "content": [text],
                }
            )
        for id, name, parts in self.choice.calls:
            items.append(
                {
                    "type": "function_call",
                    "id": id.replace("call_", "fc_"),
                    "call_id": id,
                    "name": name,
                    "arguments": "".join(parts),
                    "status": status,
                }
            )
        return items

    def _ended(self, item: dict[str, Any], at: int) -> bytes:
        """Return the events that end an item of the output."""
        whole = {**item, "status": "completed"}
        if item["type"] == "message":
            part = item["content"][0]
            chunks = self._event(
                "response.output_text.done", **self._within(at), text=part["text"], logprobs=[]
            )
            chunks += self._event("response.content_part.done", **self._within(at), part=part)
        else:
            fields = {"item_id": item["id"], "name": item["name"], "arguments": item["arguments"]}
            chunks = self._event("response.function_call_arguments.done", **fields, output_index=at)
        return chunks + self._event("response.output_item.done", output_index=at, item=whole)

    def _within(self, at: int) -> dict[str, Any]:
        return {"item_id": self._message_id, "output_index": at, "content_index": 0}

    def _response(self, status: str, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
        wish = self._asked
        cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
        form = wish.text.format if wish.text and wish.text.format else None
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": cut,
            "instructions": wish.instructions,
            "max_output_tokens": wish.max_output_tokens,
            "metadata": wish.metadata or {},
            "model": wish.model,
            "output": [] if result is None else self._items(status),
            "parallel_tool_calls": wish.parallel_tool_calls is not False,
            "previous_response_id": wish.previous_response_id,
            "store": wish.store is not False,
            "temperature": wish.temperature,
            "text": {"format": form or {"type": "text"}},
            "tool_choice": wish.tool_choice or "auto",
            "tools": [{"type": "function", **tool.told()} for tool in wish.tools or ()],
            "top_p": wish.top_p,
            "truncation": "auto",
            "usage": None if result is None else _usage(result),
        }

    def _event(self, kind: str, **fields: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(body) + b"\n\n"


def _emptied(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item of the output as it was before its first piece."""
    empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return {**item, **empty}


def _status(result: Mapping[str, Any]) -> str:
    cut = result.get("finish_reason") in ("length", "context")
    return "incomplete" if cut else "completed"


def _usage(result: Mapping[str, Any]) -> dict[str, Any]:
    read, written = int(result.get("prompt_tokens", 0)), int(result.get("tokens", 0))
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
