"""What a conversation is to an engine: checked, and cut, oldest turns first. Renders nothing."""

from __future__ import annotations

from collections.abc import Sequence

from studio.api.worker.text import ChatMessage
from studio.protocol.errors import ErrorCode, StudioError

_ROLES = ("system", "user", "assistant")


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
    return sum(len(message["content"]) for message in messages)
