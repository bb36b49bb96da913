"""Plan a request: select the tools to offer to a model, and parse those it names.

Candidates share words with the request or are near it in meaning: “twice as large” has no word of
“Enlarge”. Where nothing is near, no model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile, zip_longest
from typing import Any

from studio.api.window.tools import STUDIO, Tool
from studio_chat.documents import languages
from studio_chat.tools.calls import next_word
from studio_chat.tools.choice import (
    MOST_PLANNED,
    MOST_TOLD,
    Question,
    chosen,
    clauses,
    feasible,
    question,
    takes,
    usable,
)
from studio_chat.tools.examples import examples, telling

_REFERS = re.compile(r"\b(it|its|them|their|this|that|these|those|result)\b", re.IGNORECASE)
"""Words for what is there already."""
_NAMING = re.compile(
    r"\b(?:use|using|call|calling|invoke|verwende|benutze)\s+(?:the |your |my |das |den |die )?"
    r"([\w-]+(?:\s+[\w-]+){0,3})|([\w-]+)\s+(?:tool|server|werkzeug)\b",
    re.IGNORECASE,
)
"""Where a request says by name with what it is to be done."""
_EXCLUDED = re.compile(r"(?:\b(?:not|never|without|nicht|ohne)|n['’]t)\b[^.,;!?]*", re.IGNORECASE)
_MOST_NAMED = 2
FAR = 0.2
"""Similarity under which a tool has nothing to do with an English request: of the requests in
``training/tool_requests.toml`` that need tools the least is 0.27."""


@dataclass(frozen=True)
class Comparison:
    """What ``chat.rank`` is asked: how near tools are to a request and its parts.

    Attributes:
        questions: The request, then its parts.
        texts: Of the tools.
    """

    questions: list[str]
    texts: list[str]

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the task, beside the weights."""
        return {"questions": self.questions, "texts": self.texts}


Planning = Generator[Question | Comparison, Any, tuple[list[str], dict[str, Tool]]]
"""See ``planning``."""


def planning(
    request: str,
    tools: Sequence[Tool],
    by_words: Callable[[str], Sequence[Tool]],
    results: Sequence[str],
    kinds: Sequence[str],
    done: str = "",
) -> Planning:
    """Choose the tools for a request.

    Yields a comparison, and is sent the similarity of each text to each question, or nothing where
    there is no encoder; yields questions, and is sent what the model answers. It is asked for all
    of the request, and for each of its parts only if it named fewer tools than there are parts.

    Args:
        tools: All that may be called.
        by_words: Returns those of them that share words with a text, the likeliest first.
        results: Words of what the conversation has already.
        kinds: Kinds of that, and of the documents that are attached.
        done: What was done for the request already, and what came of it.

    Returns:
        The names in order, and the tools by name.
    """
    parts = clauses(request)[:MOST_PLANNED]
    told_of = [f"{tool.title}. {tool.description}" for tool in tools]
    questions = list(dict.fromkeys([request, *parts]))
    texts = [*told_of, *(example.request for example in examples())]
    similarity: Sequence[Sequence[float]] = (yield Comparison(questions, texts)) if tools else ()
    called = [] if done else named(request, tools)
    rows = [row[: len(tools)] for row in similarity]
    if similarity and not done and not called and _is_far(request, rows):
        return [], {}
    near = dict(zip(questions, similarity, strict=False))

    def put(text: str, of: Sequence[str], there: Sequence[str], words: Sequence[str]) -> Question:
        """Return the question for a text that has the parts ``of``."""
        orders = [
            order
            for clause in dict.fromkeys([*of, text])
            for order in (_nearest(tools, near.get(clause, ())), by_words(clause))
        ]
        if len(of) == 1 and there and _REFERS.search(text):  # to what was made last
            orders.insert(0, [tool for tool in orders[0] if takes(tool, there[-1])])
        steps = len(of)
        ranked = _in_turns([*orders, called])
        first = [tool for tool in ranked if tool in called]
        likely = _in_turns([[*first, *usable(ranked, there, steps=steps)]])
        likely = likely[: MOST_TOLD + 2 * (steps - 1)]
        tools_by_name.update({tool.name: tool for tool in likely})
        names = {tool.name for tool in likely}
        shown = telling(near.get(text, ())[len(tools) :], names, has_steps=steps > 1)
        so_far = done if text == request else ""
        must = [tool for tool in first if tool in likely]
        return question(text, likely, shown, words, there, so_far, must=must)

    tools_by_name: dict[str, Tool] = {}
    whole = put(request, parts, kinds, results)
    if not tools_by_name:
        return [], tools_by_name
    plan = feasible(chosen((yield whole), tools_by_name), tools_by_name, kinds, called)
    if not plan or done or called or len(plan) >= len(parts):
        return plan, tools_by_name
    steps, there, words = list[str](), [*kinds], [*results]
    for part in parts:
        asked_for = put(part, [part], there, words)
        for name in chosen((yield asked_for), tools_by_name):
            steps += [name] if steps[-1:] != [name] else []
            there += tools_by_name[name].produces
            words += [next_word(kind, words) for kind in tools_by_name[name].produces[:1]]
    return (steps if len(steps) > len(plan) else plan), tools_by_name


def named(request: str, tools: Sequence[Tool]) -> list[Tool]:
    """Return the tools that a request calls by a word of their name, such as “use Python”.

    A word that many tasks have in common names none; a server is named with all its tools.
    """
    words = {
        languages.stem(word, "english")
        for match in _NAMING.finditer(_EXCLUDED.sub("", request))
        for word in _up_to_little(re.findall(r"[^\W_]+", (match[1] or match[2]).lower()))
    }
    shares = [len(words & _name_words(tool)) for tool in tools]
    most = max(shares, default=0)
    called = [tool for tool, share in zip(tools, shares, strict=True) if most and share == most]
    tasks = sum(tool.source == STUDIO for tool in called)
    return called if tasks <= _MOST_NAMED else []


def _up_to_little(words: Sequence[str]) -> list[str]:
    """Return the words before the first that tells nothing: “Python” of “Python to compute”."""
    return list(takewhile(lambda word: languages.language_of(word) == "", words))


def _name_words(tool: Tool) -> set[str]:
    words = re.findall(r"[^\W_]+", f"{tool.name} {tool.title}".lower())
    return {languages.stem(word, "english") for word in words}


def similarity_in(result: Mapping[str, Any]) -> Sequence[Sequence[float]]:
    """Return the similarities of a ``chat.rank`` result; empty where only words were compared."""
    return result.get("similarity", ()) if result.get("found_by") == "meaning" else ()


def _is_far(request: str, similarity: Sequence[Sequence[float]]) -> bool:
    return languages.is_english(request, ()) and max(map(max, similarity)) < FAR


def _nearest(tools: Sequence[Tool], similarity: Sequence[float]) -> list[Tool]:
    """Return the tools near a text, by their descriptions and their examples.

    Args:
        similarity: Of the text to each tool, then to each example.
    """
    near: dict[str, float] = {}
    for example, how in zip(examples(), similarity[len(tools) :], strict=False):
        if len(example.tools) == 1:
            near[example.tools[0]] = max(how, near.get(example.tools[0], how))
    likeness = [
        max(how, near.get(tool.name, how)) for tool, how in zip(tools, similarity, strict=False)
    ]
    ranked = sorted(range(len(likeness)), key=lambda at: -likeness[at])
    return [tools[at] for at in ranked if likeness[at] > 0]


def _in_turns(orders: Sequence[Sequence[Tool]]) -> list[Tool]:
    """Return the first of each, then the second of each, and so on; each tool once."""
    all = chain.from_iterable(zip_longest(*orders))
    return list({tool.name: tool for tool in all if tool is not None}.values())
