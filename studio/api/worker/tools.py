"""Tools of other programs that a language model may ask for: how they are told to it, and how its
calls are written and read. Runs none of them.

A call is written as Hermes and Qwen write it, whatever the model; models whose chat template knows
that form read it there, others in a system text. Source: the Hermes function-calling standard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from studio.api.worker.constraint import Constraint

OPENING, CLOSING = "<tool_call>", "</tool_call>"
_NAMED = re.compile(r'\s*\{"name": ("(?:[^"\\]|\\.)*"), "arguments": ')
_ENDING = "}\n" + CLOSING

_ASKED = """\
You may call functions to assist with the user query.
The functions are given as JSON within <tools></tools>:
<tools>
{tools}
</tools>
For each call, write a JSON object with its name and arguments within <tool_call></tool_call>:
<tool_call>
{{"name": <function-name>, "arguments": <arguments-object>}}
</tool_call>"""


class Tool(TypedDict):
    """A function of another program.

    Attributes:
        name: Letters, digits, ``_`` and ``-``.
        description: For the model.
        parameters: A JSON schema of an object.
        strict: Refuse a schema that cannot be enforced in full, instead of enforcing the rest.
    """

    name: str
    description: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    strict: NotRequired[bool]


class ToolCall(TypedDict):
    """A call that a model has made.

    Attributes:
        name: Of the tool.
        arguments: By parameter.
    """

    name: str
    arguments: dict[str, Any]


def tool_constraint(
    tools: Sequence[Tool], *, must: bool = False, parallel: bool = True, answer: str = ""
) -> Constraint:
    """Return the form of a text that is an answer, or calls of ``tools`` with fitting arguments.

    Args:
        tools: At least one.
        must: Only calls will do.
        parallel: Allow several calls.
        answer: JSON schema of the answer where there is no call; free text by default.

    Raises:
        BadInput: A schema is too large, too deep, or refers to something outside itself.
    """
    asked = {"tools": list(tools), "must": must, "parallel": parallel, "answer": answer}
    return Constraint("tool_calls", json.dumps(asked))


def tools_text(tools: Sequence[Tool]) -> str:
    """Return what tells a model of ``tools`` whose chat template does not."""
    return _ASKED.format(tools="\n".join(json.dumps(each) for each in as_functions(tools)))


def call_text(call: ToolCall) -> str:
    """Return a call as a model writes it."""
    return f"{OPENING}\n{json.dumps(call, ensure_ascii=False)}\n{CLOSING}"


def as_functions(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Return ``tools`` as chat templates want them."""
    return [
        {
            "type": "function",
            "function": {
                "name": each["name"],
                "description": each.get("description", ""),
                "parameters": each.get("parameters") or EMPTY,
            },
        }
        for each in tools
    ]


EMPTY: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
"""The parameters of a tool that has none."""


class CallReader:
    """Parts a text that has the form of :func:`tool_constraint` while it is written.

    Attributes:
        names: Of the tools called so far.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._held = ""
        self._within = ""

    def push(self, text: str) -> Iterator[tuple[int, str]]:
        """Take more text; yield (call, text): 0 for the answer, else arguments of that call."""
        self._held += text
        while True:
            if not self._within:
                place = self._held.find(OPENING)
                if place < 0:
                    yield from self._out(0, _ready(self._held, OPENING))
                    return
                if said := self._held[:place].rstrip():
                    yield 0, said
                self._held, self._within = self._held[place + len(OPENING) :], "head"
            if self._within == "head":
                if not (found := _NAMED.match(self._held)):
                    return
                self.names.append(json.loads(found[1]))
                self._held, self._within = self._held[found.end() :], "arguments"
            if (place := self._held.find(_ENDING)) < 0:
                yield from self._out(len(self.names), _ready(self._held, _ENDING))
                return
            if place:
                yield len(self.names), self._held[:place]
            self._held, self._within = self._held[place + len(_ENDING) :].lstrip("\n"), ""

    def flush(self) -> Iterator[tuple[int, str]]:
        """Yield what was held back, at the end of the text: also of a call that was cut off."""
        if self._within != "head" and self._held:
            yield len(self.names) if self._within else 0, self._held
        self._held = ""

    def _out(self, call: int, count: int) -> Iterator[tuple[int, str]]:
        """Let the first ``count`` characters go."""
        if count:
            yield call, self._held[:count]
        self._held = self._held[count:]


def _ready(text: str, mark: str) -> int:
    """Return how much of ``text`` can be no part of ``mark``, nor the blanks before it."""
    longest = min(len(text), len(mark) - 1)
    held = next((n for n in range(longest, 0, -1) if text.endswith(mark[:n])), 0)
    return len(text[: len(text) - held].rstrip()) if mark == OPENING else len(text) - held
