"""The pictures of a conversation: read with limits, and put to the messages that show them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.api import BadInput, ChatMessage, Inputs, open_regular
from studio_chat.documents.passages import shown_name
from studio_chat.schema import Reply

MAX_BYTES = 64_000_000


def with_pictures(
    turns: Sequence[ChatMessage], inputs: Inputs, params: Reply
) -> tuple[list[ChatMessage], str]:
    """Return the messages with their pictures, and which of earlier ones are gone, in words.

    The input ``pictures`` has further ones, in base64, behind those of the parameter: of programs
    that have no files here.

    Raises:
        BadInput: A picture of the last message cannot be read, or a message names none.
    """
    messages = [turn.copy() for turn in turns]
    handed = inputs.json("pictures", list[str], [])
    count = len(params.pictures) + len(handed)
    if not count:
        return messages, ""
    given = inputs.json("messages", list[dict[str, Any]], [])
    shift = int(bool(messages) and messages[0]["role"] == "system" and _begins_anew(given))
    places = [(at + shift, turn.get("pictures", [])) for at, turn in enumerate(given)]
    named = {number for _, numbers in places for number in numbers}
    last = max(at for at, message in enumerate(messages) if message["role"] == "user")
    rest = [number for number in range(count) if number not in named]
    missing: list[str] = []
    for at, numbers in [*places, (last, rest)]:
        for number in numbers:
            if not isinstance(number, int) or not 0 <= number < count:
                raise BadInput(f"There is no picture {number!r}.", "Attach it again.")
            if number >= len(params.pictures):
                data = _decoded(handed[number - len(params.pictures)])
                messages[at].setdefault("pictures", []).append(data)
                continue
            try:
                data = _read(params.pictures[number])
            except BadInput:
                if at == last:
                    raise
                missing.append(shown_name(params.pictures[number]))
                continue
            messages[at].setdefault("pictures", []).append(data)
    return messages, f"Not found any more: {', '.join(missing)}." if missing else ""


def _begins_anew(given: Sequence[dict[str, Any]]) -> bool:
    """Whether a system prompt that is not among the messages was put before them."""
    return not any(turn.get("role") == "system" for turn in given)


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadInput("A picture is not valid base64.", "Send it as PNG or JPEG.") from error
    if len(data) > MAX_BYTES:
        raise BadInput("A picture is too large.", "Make it smaller.")
    return data


def _read(path: str) -> bytes:
    try:
        with open_regular(Path(path).expanduser()) as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"{shown_name(path)} cannot be read: {reason}.", "Attach the picture again."
        ) from error
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{shown_name(path)} is larger than the limit of {MAX_BYTES // 1_000_000} MB.",
            "Make it smaller.",
        )
    return data
