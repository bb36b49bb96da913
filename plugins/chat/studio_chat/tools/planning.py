"""The plan of a request: which tools a model is told of, and which of them it names.

The likely tools are those that share words with the request and those that are near it in meaning:
“twice as large” has no word of “Enlarge”. Where nothing is near, no model is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from studio.api.window.tools import Tool
from studio_chat.documents import languages
from studio_chat.tools.calls import Made
from studio_chat.tools.choice import (
    MOST_PLANNED,
    MOST_TOLD,
    Question,
    chosen,
    clauses,
    question,
    usable,
)

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
    tools: tuple[Sequence[Tool], Sequence[Tool]],
    by_words: Callable[[str, int], Sequence[Tool]],
    results: Mapping[str, Made],
    kinds: Sequence[str],
    done: str = "",
) -> Planning:
    """Choose the tools for a request.

    Yields a comparison, and is sent the similarity of each tool to each question, or nothing where
    there is no encoder; yields questions, and is sent what the model answers. It is asked for all
    of the request, and for each of its parts only if it named fewer tools than there are parts.

    Args:
        tools: The chat's own, which a model is always told of; and all others.
        by_words: Returns those of the others that share words with a text, so many at most.
        done: What was done for the request already, and what came of it.

    Returns:
        The names in order, and the tools by name.
    """
    mine, others = tools
    parts = clauses(request)[:MOST_PLANNED]
    texts = [f"{tool.title}. {tool.description}" for tool in (*mine, *others)]
    asked = list(dict.fromkeys([request, *parts]))
    similarity: Sequence[Sequence[float]] = (yield Comparison(asked, texts)) if texts else ()
    if similarity and not done and _is_far(request, similarity):
        return [], {}
    near = {
        each: _nearest(others, row[len(mine) :])
        for each, row in zip(asked, similarity, strict=False)
    }

    def offered(text: str, of: Sequence[str], there: Sequence[str]) -> list[Tool]:
        most = MOST_TOLD + 2 * (len(of) - 1)
        meant = _in_turns([near.get(each, ()) for each in (*of, text)])
        return usable([*mine, *_in_turns([by_words(text, most), meant])[:most]], there)

    told = offered(request, parts, kinds)
    known = {tool.name: tool for tool in told}
    if not told:
        return [], known
    plan = chosen((yield question(request, told, results, kinds, done)), told)
    if not plan or done or len(plan) >= len(parts):
        return plan, known
    steps, there = list[str](), [*kinds]
    for part in parts:
        told = offered(part, (), there)
        for name in chosen((yield question(part, told, results, there)), told):
            known |= {tool.name: tool for tool in told}
            steps += [name] if steps[-1:] != [name] else []
            there += known[name].produces
    return (steps if len(steps) > len(plan) else plan), known


def similarity_in(result: Mapping[str, Any]) -> Sequence[Sequence[float]]:
    """Return what a result of ``chat.rank`` says; nothing where words alone were compared."""
    return result.get("similarity", ()) if result.get("found_by") == "meaning" else ()


def _is_far(request: str, similarity: Sequence[Sequence[float]]) -> bool:
    return languages.is_english(request, ()) and max(map(max, similarity)) < FAR


def _nearest(tools: Sequence[Tool], similarity: Sequence[float]) -> list[Tool]:
    ranked = sorted(zip(similarity, tools, strict=True), key=lambda pair: -pair[0])
    return [tool for near, tool in ranked[:MOST_TOLD] if near > 0]


def _in_turns(orders: Sequence[Sequence[Tool]]) -> list[Tool]:
    """Return the first of each, then the second of each, and so on; each tool once."""
    all = chain.from_iterable(zip_longest(*orders))
    return list({tool.name: tool for tool in all if tool is not None}.values())
