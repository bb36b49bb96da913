"""Which tools a request needs, and how a model is asked. No Qt, no library.

A small model cannot hold fifty schemas. It is told of the likely tools in a line each and answers
with names, in order, or “none”: a form that nothing else fits. Then it is told of one tool in full
and writes arguments that its schema holds. Larger models choose better in the same way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from studio.api.window.tools import STUDIO, Tool
from studio_chat.tools.calls import Made
from studio_chat.tools.examples import Example

MOST_TOLD = 5
"""Tools that a model is told of at once; more for a request of several parts."""
MOST_RANKED = 8
"""Tools that are looked up by the words of a text."""
MOST_PLANNED = 5
"""Steps of one plan."""
MOST_ARGUMENTS = 6
_STEP = """\
Do only the step that the user asks for last. It belongs to this request, whose other steps are \
done for themselves: {request}"""
AFTERWARDS = """\
The calls above were made for the user and are done. Say in one or two sentences what was made or \
found, or what could not be. Do not explain how to do it."""
"""What a model is told before its words, where tools were called for them."""
IN_WORDS = r"[^\s{}\[\]<`][\s\S]*"
"""The form of those words: a further call, written as JSON, is none."""
_WRITES = "chat_"
"""How the names of the chat's own tasks begin."""
_STUCK = 3
"""So often the same tool in a row is no plan."""
NONE = "none"
_ASKED = """\
You decide which tools an assistant must use to do what the user asks. Say what is wanted, then \
name the tools in the order of use: one for each thing to be made or done, and no others. Say \
“none” where words are enough: an answer, advice, an explanation, a talk, a poem, a letter, a \
translation.
These tools are there:
{tools}"""
_IN_WORDS = re.compile(r"\bin words\s*$")
"""What a model says it wants where it needs no tool, whatever it names then."""
_CLAUSE = re.compile(r"[,;]\s*(?:and\b|then\b)*|\band then\b|\band\b|\bthen\b", re.IGNORECASE)
_DOCUMENT_KINDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((".txt", ".md", ".pdf", ".docx", ".odt", ".epub", ".html"), ("text",)),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp"), ("image",)),
    ".csv": ("table", "molecules"),
    ".tsv": ("table",),
    **dict.fromkeys((".py", ".js", ".ts", ".c", ".h", ".cpp", ".java", ".rs", ".go"), ("code",)),
}


@dataclass(frozen=True)
class Question:
    """A question to the model, as arguments of ``chat.reply``.

    Attributes:
        messages: The input of that name.
        params: Parameters other than the weights.
        tools: The input of that name; None for none.
    """

    messages: list[dict[str, Any]]
    params: dict[str, Any]
    tools: dict[str, Any] | None = None

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the task."""
        return {"messages": self.messages, **({"tools": self.tools} if self.tools else {})}


def usable(tools: Sequence[Tool], kinds: Sequence[str], *, steps: int = 1) -> list[Tool]:
    """Return the tools for which there is something to work on.

    With several steps that may be made by one of the tools, too. A tool of the chat's own plugin
    that works on a text is one for files: what can be said in words a model says itself.
    """
    there = {*kinds, *(kind for tool in tools for kind in tool.produces if steps > 1)}
    return [tool for tool in tools if _is_ready(tool, there) and not _is_words(tool, there)]


def takes(tool: Tool, kind: str) -> bool:
    """Return whether a result of a kind can be worked on with a tool."""
    return any(_fits(kinds, {kind}) for kinds in tool.files.values())


def question(
    request: str,
    tools: Sequence[Tool],
    shown: Sequence[Example],
    results: Sequence[str],
    kinds: Sequence[str],
    done: str = "",
    *,
    must: Sequence[Tool] = (),
) -> Question:
    """Return the question which of ``tools`` a request needs.

    Args:
        shown: Examples of requests like it, the nearest last.
        results: Words of what there is already.
        kinds: Kinds of what there is to work on: the first tool can be none that needs another.
        done: What was done for the request already, and what came of it.
        must: Those that the request calls by name: one of them comes first.
    """
    all = _either(tools)
    first = _either(must or [tool for tool in tools if _is_ready(tool, {*kinds})])
    lines = "\n".join(f"- {tool.name}: {tool.description}" for tool in tools)
    most = min(MOST_PLANNED, len(clauses(request)))
    steps = f"{first}(, {all}){{0,{most - 1}}}" if first else ""
    answer = steps if must else "|".join(filter(None, (NONE, steps)))
    turns: list[dict[str, Any]] = []
    for offer in shown:
        named = ", ".join(offer.tools) or NONE
        turns += [
            {"role": "user", "content": _request(offer.request, offer.has)},
            {"role": "assistant", "content": f"Wanted: {offer.wanted}\nTools: {named}"},
        ]
    return Question(
        [
            {"role": "system", "content": _ASKED.format(tools=lines)},
            *turns,
            {"role": "user", "content": _request(request, ", ".join(results), done)},
        ],
        {
            "regex": f"Wanted: [a-zA-Z0-9 ,.'-]{{3,80}}\\nTools: ({answer})",
            "temperature": 0.0,
            "repetition_penalty": 1.0,
            "max_tokens": 40 + 12 * MOST_PLANNED,
        },
    )


def _request(text: str, there: str, done: str = "") -> str:
    """Return a request as a model reads it."""
    before = f"(There is already: {there})\n" if there else ""
    before += f"(Done so far: {done})\n" if done else ""
    return f"{before}Request: {text}"


def chosen(text: str, allowed: Collection[str]) -> list[str]:
    """Return the names that an answer to ``question`` has, of those that are known.

    A small model that repeats a name again and again means it once.
    """
    wanted, _, named = text.rpartition("Tools:")
    if _IN_WORDS.search(wanted):
        return []
    names = [part.strip() for part in named.split(",")]
    steps: list[str] = []
    for name, same in groupby(name for name in names if name in allowed):
        times = len(list(same))
        steps += [name] * (times if times < _STUCK else 1)
    return steps


def feasible(
    names: Sequence[str], tools: Mapping[str, Tool], kinds: Sequence[str], called: Sequence[Tool]
) -> list[str]:
    """Return the steps that have something to work on, and those the request calls by name."""
    there, steps = {*kinds}, list[str]()
    for tool in map(tools.__getitem__, names):
        if tool in called or _is_ready(tool, there):
            steps.append(tool.name)
            there.update(tool.produces)
    return steps


def clauses(request: str) -> list[str]:
    """Split a request into its consecutive clauses: “make a fox”, “restyle it”."""
    parts = [part.strip() for part in _CLAUSE.split(request)]
    return [part for part in parts if part] or [request]


def part_of(request: str, step: int, steps: int) -> str:
    """Return the clause of a request for one of its steps; empty where ambiguous."""
    parts = clauses(request)
    return parts[step] if steps > 1 and len(parts) == steps else ""


def call_question(
    messages: Sequence[Mapping[str, Any]],
    tool: Tool,
    results: Mapping[str, Made],
    documents: Mapping[str, str],
    part: str = "",
) -> Question:
    """Return the question for the arguments of a call.

    Args:
        messages: The conversation, with the calls before.
        part: What the request says of this step; empty for all of it.
        results: What arguments may name, by word.
        documents: Word → suffix of the files that are attached.
    """
    offer = {
        "tools": [
            {
                "name": tool.name,
                "description": tool.description,
                "parameters": held(tool, results, documents),
                "strict": False,
            }
        ],
        "choice": tool.name,
        "parallel": False,
    }
    return Question(
        _for_step(messages, part),
        {"temperature": 0.0, "repetition_penalty": 1.0, "max_tokens": 1024},
        offer,
    )


def _for_step(messages: Sequence[Mapping[str, Any]], part: str) -> list[dict[str, Any]]:
    """Return a conversation that ends with the clause of a step, after the steps before it."""
    copied = [dict(message) for message in messages]
    if not part:
        return copied
    last = max((n for n, message in enumerate(copied) if message["role"] == "user"), default=-1)
    whole = copied.pop(last)["content"] if last >= 0 else ""
    return [
        {"role": "system", "content": _STEP.format(request=whole)},
        *copied,
        {"role": "user", "content": part},
    ]


def held(tool: Tool, results: Mapping[str, Made], documents: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of a tool in which files can only be those that there are."""
    schema = tool.model_schema(MOST_ARGUMENTS)
    if not schema["required"]:  # what a call without would be about
        name, field = next(iter(schema["properties"].items()), ("", None))
        if field is not None and field.get("type") == "string" and name not in tool.files:
            schema["required"] = [name]
    for name in tool.files:
        if name not in schema["properties"]:
            continue
        words = fitting(tool, name, results, documents)
        if words:
            schema["properties"][name] = {"enum": words}
        elif name not in schema["required"]:
            del schema["properties"][name]
    return schema


def fitting(
    tool: Tool, argument: str, results: Mapping[str, Made], documents: Mapping[str, str]
) -> list[str]:
    """Return the words that an argument for a file may be, the newest first."""
    kinds = tool.files[argument]
    words = [word for word, result in results.items() if not kinds or result.kind in kinds]
    files = [
        word
        for word, suffix in documents.items()
        if not kinds or set(kinds) & set(_DOCUMENT_KINDS.get(suffix, ()))
    ]
    return [*reversed(words), *reversed(files)]


def lacks(tool: Tool, results: Mapping[str, Made], documents: Mapping[str, str]) -> tuple[str, ...]:
    """Return the kinds of a file that a call must name and of which there is none; else empty."""
    for name, kinds in _needs(tool).items():
        if not fitting(tool, name, results, documents):
            return kinds or ("file",)
    return ()


def document_kinds(documents: Mapping[str, str]) -> list[str]:
    """Return the kinds that attached files can stand for."""
    return [kind for suffix in documents.values() for kind in _DOCUMENT_KINDS.get(suffix, ())]


def arguments_in(text: str) -> dict[str, Any] | None:
    """Return the arguments that a model wrote; None for a text that was cut off."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _needs(tool: Tool) -> dict[str, tuple[str, ...]]:
    """Return the arguments for files that must be given, with the kinds that they take."""
    required = tool.schema.get("required", ())
    return {name: kinds for name, kinds in tool.files.items() if name in required}


def _either(tools: Sequence[Tool]) -> str:
    """Return the expression for one of the names; empty for no tools."""
    return f"({'|'.join(re.escape(tool.name) for tool in tools)})" if tools else ""


def _is_ready(tool: Tool, there: set[str]) -> bool:
    return all(_fits(kinds, there) for kinds in _needs(tool).values())


def _is_words(tool: Tool, there: set[str]) -> bool:
    is_task = tool.source == STUDIO and tool.name.startswith(_WRITES)
    return is_task and not any(_fits(kinds, there) for kinds in tool.files.values())


def _fits(kinds: Sequence[str], there: set[str]) -> bool:
    return not kinds or bool(there & set(kinds))
