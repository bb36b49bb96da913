"""Tools of other programs for language models: prompts, and syntax of calls. Runs none of them.

Calls use the format of Hermes and Qwen, whatever the model; models whose chat template supports
that format read it there, others in a system text. Source: the Hermes function-calling standard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from studio.api.stability import former_arguments
from studio.api.worker.constraint import Constraint

OPENING, CLOSING = "<tool_call>", "</tool_call>"
_NAMED = re.compile(r'\s*\{"name": ("(?:[^"\\]|\\.)*"), "arguments": ')
_ENDING = "}\n" + CLOSING
_BARE_START = re.compile(r"`{0,2}$|```(?:j|js|jso|json)?\s*(?:$|\{)|\{")
_FENCES = re.compile(r"^```(?:json)?[ \t]*$", re.MULTILINE)
_LONGEST_BARE = 20_000
"""Characters that are held back until it is known whether they are a call."""

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
    request = {"tools": list(tools), "must": must, "parallel": parallel, "answer": answer}
    return Constraint("tool_calls", json.dumps(request))


def tools_text(tools: Sequence[Tool]) -> str:
    """Return what tells a model of ``tools`` whose chat template does not."""
    return _ASKED.format(tools="\n".join(json.dumps(function) for function in as_functions(tools)))


def call_text(call: ToolCall) -> str:
    """Return a call as a model writes it."""
    return f"{OPENING}\n{json.dumps(call, ensure_ascii=False)}\n{CLOSING}"


def as_functions(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Return ``tools`` as chat templates want them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool.get("description", ""),
                "parameters": tool.get("parameters") or EMPTY,
            },
        }
        for tool in tools
    ]


EMPTY: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
"""The parameters of a tool that has none."""


class CallReader:
    """Parts a text that has the form of :func:`tool_constraint` while it is written.

    Some models, Qwen2.5-Coder among them, write a call as a block of JSON where nothing holds them
    to the form. An answer that is nothing but such calls of ``tools`` counts as calls, too.

    Attributes:
        names: Of the tools called so far.
    """

    @former_arguments("studio.api.worker.tools.CallReader")
    def __init__(self, tools: Sequence[str] = ()) -> None:
        self.names: list[str] = []
        self._tools = frozenset(tools)
        self._held = ""
        self._within = ""
        self._bare = bool(tools)

    def push(self, text: str) -> Iterator[tuple[int, str]]:
        """Take more text; yield (call, text): 0 for the answer, else arguments of that call."""
        self._held += text
        if self._bare and not self._within:
            begun = self._held.lstrip()
            if len(begun) <= _LONGEST_BARE and _may_be_bare(begun):
                return
            self._bare = False
        while True:
            if not self._within:
                place = self._held.find(OPENING)
                if place < 0:
                    yield from self._out(0, _ready(self._held, OPENING))
                    return
                if answer := self._held[:place].rstrip():
                    yield 0, answer
                self._held, self._within = self._held[place + len(OPENING) :], "head"
            if self._within == "head":
                if not (match := _NAMED.match(self._held)):
                    return
                self.names.append(json.loads(match[1]))
                self._held, self._within = self._held[match.end() :], "arguments"
            if (place := self._held.find(_ENDING)) < 0:
                yield from self._out(len(self.names), _ready(self._held, _ENDING))
                return
            if place:
                yield len(self.names), self._held[:place]
            self._held, self._within = self._held[place + len(_ENDING) :].lstrip("\n"), ""

    def flush(self) -> Iterator[tuple[int, str]]:
        """Yield the buffered rest at the end of the text, including truncated calls."""
        if self._bare and (calls := _bare_calls(self._held, self._tools)):
            self._held = ""
            for call in calls:
                self.names.append(call["name"])
                yield len(self.names), json.dumps(call["arguments"], ensure_ascii=False)
        if self._within != "head" and self._held:
            yield len(self.names) if self._within else 0, self._held
        self._held = ""

    def _out(self, call: int, count: int) -> Iterator[tuple[int, str]]:
        """Let the first ``count`` characters go."""
        if count:
            yield call, self._held[:count]
        self._held = self._held[count:]


def _may_be_bare(text: str) -> bool:
    """Whether an answer that begins like this may be nothing but calls without their marks."""
    return _BARE_START.match(text) is not None


def _bare_calls(text: str, names: frozenset[str]) -> list[ToolCall]:
    """Return the calls that a text consists of, within fences of Markdown or without; else none."""
    rest, decode = _FENCES.sub("", text).strip(), json.JSONDecoder().raw_decode
    calls: list[ToolCall] = []
    while rest:
        doubled = rest.startswith("{{")  # Qwen2.5-Coder's chat template shows a call like that
        try:
            call, end = decode(rest[doubled:])
        except (ValueError, RecursionError):
            return []
        if not isinstance(call, dict) or call.keys() != {"name", "arguments"}:
            return []
        if call["name"] not in names or not isinstance(call["arguments"], dict):
            return []
        calls.append(ToolCall(name=call["name"], arguments=call["arguments"]))
        rest = rest[doubled + end :].strip()
        rest = rest.removeprefix("}").strip() if doubled else rest
    return calls


def _ready(text: str, mark: str) -> int:
    """Return how much of ``text`` can be no part of ``mark``, nor the blanks before it."""
    longest = min(len(text), len(mark) - 1)
    held = next((n for n in range(longest, 0, -1) if text.endswith(mark[:n])), 0)
    return len(text[: len(text) - held].rstrip()) if mark == OPENING else len(text) - held
