"""What a conversation is to an engine: checked, and cut, oldest turns first. Renders nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.api.worker.text import ChatMessage
from studio.api.worker.tools import Tool, call_text, tools_text
from studio.protocol.errors import ErrorCode, StudioError

_ROLES = ("system", "user", "assistant", "tool")
_RETURNED = "</tool_response>"


def check_messages(messages: Sequence[ChatMessage]) -> None:
    """Refuse what is no conversation.

    Raises:
        StudioError: ``BAD_INPUT``, naming the message.
    """
    for number, message in enumerate(messages, 1):
        if message.get("role") not in _ROLES or not isinstance(message.get("content"), str):
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"Message {number} needs a role ({', '.join(_ROLES)}) and text.",
                "Correct it and try again.",
            )
    if not messages:
        raise StudioError(ErrorCode.BAD_INPUT, "There is no message.", "Enter a message.")


def turns_to_drop(messages: Sequence[ChatMessage]) -> int:
    """Return how many turns could be dropped: all but the last."""
    return len(_turn_starts(messages))


def without_oldest(messages: Sequence[ChatMessage], turns: int) -> list[ChatMessage]:
    """Return ``messages`` without their ``turns`` oldest turns.

    A turn begins with a user's message and has the replies to it. The system prompt stays.
    """
    if turns == 0:
        return list(messages)
    first = _turn_starts(messages)[turns - 1]
    return [m for i, m in enumerate(messages) if i >= first or m["role"] == "system"]


def _turn_starts(messages: Sequence[ChatMessage]) -> list[int]:
    """Return where each turn but the oldest begins."""
    return [i for i, message in enumerate(messages) if message["role"] == "user"][1:]


def characters(messages: Sequence[ChatMessage]) -> int:
    """Return how long all messages are together."""
    called = (call for message in messages for call in message.get("calls", ()))
    return sum(len(message["content"]) for message in messages) + sum(
        len(str(call["arguments"])) for call in called
    )


def for_template(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return ``messages`` as chat templates that know tools want them."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        turn: dict[str, Any] = {"role": message["role"], "content": message["content"]}
        if shown := message.get("pictures"):
            turn["pictures"] = len(shown)
        if calls := message.get("calls"):
            turn["tool_calls"] = [{"type": "function", "function": call} for call in calls]
        turns.append(turn)
    return turns


def as_text(messages: Sequence[ChatMessage], tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Return ``messages`` for templates that know no tools: these are told, and called, in text."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role, content = message["role"], message["content"]
        if calls := message.get("calls"):
            content = "\n".join(filter(None, (content, *map(call_text, calls))))
        if role == "tool":
            content = f"<tool_response>\n{content}\n</tool_response>"
            role = "user"
            if turns and turns[-1]["role"] == "user" and turns[-1]["content"].endswith(_RETURNED):
                turns[-1]["content"] += "\n" + content
                continue
        turns.append({"role": role, "content": content})
        if shown := message.get("pictures"):
            turns[-1]["pictures"] = len(shown)
    if tools and turns and turns[0]["role"] == "system":
        turns[0]["content"] += "\n\n" + tools_text(tools)
    elif tools:
        turns.insert(0, {"role": "system", "content": tools_text(tools)})
    return turns


def pictures_in(messages: Sequence[ChatMessage]) -> list[bytes]:
    """Return the pictures of all messages, in order."""
    return [picture for message in messages for picture in message.get("pictures", ())]


def in_parts(turns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return turns as templates of models that see want them: pictures first, then the text."""
    found = []
    for turn in turns:
        parts = [{"type": "image"} for _ in range(turn.get("pictures", 0))]
        text = [{"type": "text", "text": turn["content"]}]
        rest = {key: value for key, value in turn.items() if key != "pictures"}
        found.append({**rest, "content": [*parts, *text]})
    return found
