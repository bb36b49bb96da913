"""Which tools fit what somebody asks for, by words.

A model of a billion parameters cannot choose among fifty schemas: it is told of the likely ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from studio.api.window.tools import Tool
from studio.api.worker.bm25 import bm25

_LENGTH_SHARE = 0.2
"""A tool that says more of itself is hardly less likely."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_LITTLE = """
    the and for with that this from into you your are was were will can could would please have has
    had not but its his her our their them then than some any all one two of to in on at is it as by
    an be do me my we or if so up no he she what which who how when where why about want like need
    let just
"""
_STOP = frozenset(_LITTLE.split())
_FEW = 4
_PARTS = re.compile(r"[,;.:]|\b(?:and|then)\b", re.IGNORECASE)
_WEIGHT = {"name": 3, "title": 3, "about": 2, "arguments": 1}


def likely(request: str, tools: Sequence[Tool], most: int) -> list[Tool]:
    """Return the tools that share words with ``request``, the likeliest first, at most ``most``.

    Each part of a request (“draw a cat, flip it, and write a song”) has its say, and of who makes
    the likeliest of a part the main tool is told of, too: who asks for “a picture of an owl” names
    what all tools for pictures have to do with.
    """
    texts = [_counted(tool) for tool in tools]

    def ranked(text: str) -> list[Tool]:
        scores = bm25(texts, set(words(text)), length_share=_LENGTH_SHARE)
        order = sorted(range(len(tools)), key=lambda place: -scores[place])
        return [tools[place] for place in order if scores[place] > 0]

    mains: dict[str, Tool] = {}
    for tool in tools:
        mains.setdefault(tool.group, tool)
    of_parts = [ranked(part) for part in _PARTS.split(request)]
    first = [best[0] for best in of_parts if best]
    turns = [
        first,
        [mains[tool.group] for tool in first],
        *([best[place] for best in of_parts if len(best) > place] for place in (1, 2)),
        ranked(request),
    ]
    chosen = {tool.name: tool for turn in turns for tool in turn}
    if 0 < len(chosen) < _FEW:  # a choice of one is none
        chosen |= {tool.name: tool for tool in list(mains.values())[: _FEW - len(chosen)]}
    return list(chosen.values())[: max(0, most)]


def words(text: str) -> list[str]:
    """Return the stems of the words that tell something."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP]


def _stem(word: str) -> str:
    """Cut the commonest endings: enough for pictures and picture, restyled and restyle."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ed", "es", "er", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: len(word) - len(ending)]
    return word


def _counted(tool: Tool) -> Mapping[str, float]:
    properties = tool.schema.get("properties", {})
    titles = [
        str(schema.get("title", ""))
        for schema in properties.values()
        if isinstance(schema, Mapping)
    ]
    parts: Iterable[tuple[str, str]] = (
        ("name", tool.name.replace("_", " ").replace("-", " ")),
        ("title", tool.title),
        ("about", f"{tool.description} {' '.join(tool.produces)}"),
        ("arguments", " ".join(titles)),
    )
    counts: Counter[str] = Counter()
    for part, text in parts:
        for word in set(words(text)):
            counts[word] += _WEIGHT[part]
    return counts
