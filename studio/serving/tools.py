"""Tools in requests of OpenAI's clients, as ``chat.reply`` takes them. Calls nothing.

Format: OpenAI's API reference, ``chat/completions``: ``tools``, ``tool_choice``, messages of the
role ``tool``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from studio.serving.errors import Refusal

MOST_TOOLS = 128
"""As at OpenAI."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Function(msgspec.Struct, kw_only=True):
    """The function of a tool; other tools are not supported."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolRow(msgspec.Struct, kw_only=True):
    """A tool; ``/v1/responses`` has the function's fields beside its type."""

    type: str = "function"
    function: Function | None = None
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def told(self) -> dict[str, Any]:
        """Return it as ``chat.reply`` takes it.

        Raises:
            Refusal: It is no function, its name is none, or it takes something else than an object.
        """
        if self.type != "function":
            raise _refused(
                f"Tools of the type “{self.type[:60]}” are not supported: functions are."
            )
        function: Function | ToolRow = self.function or self
        name = function.name or ""
        if not _NAME.fullmatch(name):
            raise _refused(
                f"The name of a tool must have 1 to 64 letters, digits, “_” and “-”: “{name[:80]}”."
            )
        parameters = function.parameters or {}
        if parameters.get("type", "object") != "object":
            raise _refused(f"The parameters of the tool “{name}” must be of the type “object”.")
        return {
            "name": name,
            "description": function.description or "",
            "parameters": parameters,
            "strict": bool(function.strict),
        }


class CalledFunction(msgspec.Struct):
    """The function of a call in the history."""

    name: str
    arguments: str = ""


class CallRow(msgspec.Struct, kw_only=True):
    """A call in the history."""

    id: str = ""
    type: str = "function"
    function: CalledFunction

    def told(self) -> dict[str, Any]:
        """Return it as ``chat.reply`` takes it.

        Raises:
            Refusal: Its arguments are no object in JSON.
        """
        return {"name": self.function.name, "arguments": arguments(self.function.arguments)}


class _ChosenName(msgspec.Struct):
    name: str


class ChosenTool(msgspec.Struct):
    """The one tool that must be called."""

    type: str = "function"
    function: _ChosenName | None = None
    name: str | None = None


ToolChoice = str | ChosenTool


def offer(
    rows: Sequence[ToolRow], choice: ToolChoice | None, parallel: bool | None
) -> dict[str, Any]:
    """Return the inputs for ``chat.reply`` that tell of tools; none where there are none.

    Raises:
        Refusal: They are too many, have the same name, or another one must be called.
    """
    if not rows:
        if choice not in (None, "auto", "none"):
            raise _refused("“tool_choice” asks for a call, but the request has no “tools”.")
        return {}
    tools = [tool.told() for tool in rows]
    names = [tool["name"] for tool in tools]
    if len(tools) > MOST_TOOLS or len(set(names)) < len(names):
        raise _refused(f"Give at most {MOST_TOOLS} tools, each with a name of its own.")
    wanted = _chosen(choice, names)
    return {"tools": {"tools": tools, "choice": wanted, "parallel": parallel is not False}}


def _chosen(choice: ToolChoice | None, names: Sequence[str]) -> str:
    if choice is None or isinstance(choice, str):
        if choice not in (None, "auto", "none", "required"):
            raise _refused("“tool_choice” must be auto, none, required, or a function.")
        return choice or "auto"
    name = choice.name or (choice.function.name if choice.function else "")
    if name not in names:
        raise _refused(f"“tool_choice” names “{name[:80]}”, which is not among the tools.")
    return name


def arguments(text: str) -> dict[str, Any]:
    """Return the arguments of a call.

    Raises:
        Refusal: They are no object in JSON.
    """
    try:
        return msgspec.json.decode(text.encode() or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused("The arguments of a tool call are not a JSON object.") from error


def in_order(
    turns: Sequence[dict[str, Any]], ids: Sequence[tuple[list[str], str]]
) -> list[dict[str, Any]]:
    """Return the messages with answers of tools in the order of the calls.

    Args:
        turns: The messages, as ``chat.reply`` takes them.
        ids: Of each, the ids of its calls, and the id that it answers.

    Raises:
        Refusal: One answers a call that was not made just before it, or was answered already.
    """
    ordered: list[dict[str, Any]] = []
    answers: dict[str, dict[str, Any] | None] = {}
    for number, (turn, (calls, answered)) in enumerate(zip(turns, ids, strict=True), 1):
        if turn["role"] == "tool":
            message = f"Message {number} answers the tool call “{answered[:80]}”"
            if answered not in answers:
                raise _refused(f"{message}, which the assistant did not make just before.")
            if answers[answered] is not None:
                raise _refused(f"{message} a second time.")
            answers[answered] = turn
            continue
        ordered += filter(None, answers.values())
        answers = dict.fromkeys(calls)
        ordered.append(turn)
    return [*ordered, *filter(None, answers.values())]


def _refused(message: str) -> Refusal:
    return Refusal(400, message, "invalid_tools")
