"""All tools of a studio, whoever does them, and which of them fit a request.

A model of a billion parameters cannot choose among fifty schemas: it is offered the likely ones.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from studio.api.params import Params
from studio.api.window.tools import Tool, ToolCall
from studio.api.worker.bm25 import bm25
from studio.protocol.errors import ErrorCode, StudioError

_LENGTH_SHARE = 0.2
"""A tool that says more of itself is hardly less likely."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_STOP_WORDS = """
    the and for with that this from into you your are was were will can could would please have has
    had not but its his her our their them then than some any all one two of to in on at is it as by
    an be do me my we or if so up no he she what which who how when where why about want like need
    let just
"""
_STOP = frozenset(_STOP_WORDS.split())
_FEW = 4
_PARTS = re.compile(r"[,;.:]|\b(?:and|then)\b", re.IGNORECASE)
_WEIGHT = {"name": 3, "title": 3, "about": 2, "arguments": 1}


def likely(request: str, tools: Sequence[Tool], most: int) -> list[Tool]:
    """Rank the tools that share words with ``request``, the likeliest first, at most ``most``.

    Each part of a request (“draw a cat, flip it, and write a song”) has its say, and of who makes
    the likeliest of a part the main tool is told of, too: who asks for “a picture of an owl” names
    what all tools for pictures have to do with.
    """
    texts = [_weighted_words(tool) for tool in tools]

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


def _weighted_words(tool: Tool) -> Mapping[str, float]:
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


_log = logging.getLogger("studio.tools")


class ToolSource(Protocol):
    """Who has tools and does them: the tasks, or a server of the user."""

    @property
    def source(self) -> str:
        """Its identity, as ``Tool.source`` has it."""
        ...

    def groups(self) -> Sequence[tuple[str, str]]:
        """Return (id, title) of who makes its tools."""
        ...

    def tools(self) -> Sequence[Tool]:
        """Return its tools as they are now; quick, and never raises for one that is broken."""
        ...

    def call(
        self,
        tool: Tool,
        arguments: Mapping[str, Any],
        *,
        conversation: str = "",
        documents: Mapping[str, Path] | None = None,
    ) -> ToolCall:
        """Begin a call; see ``ToolsView.call``."""
        ...


class Catalogue:
    """The tools of several sources, by name; the first source has a name that two claim."""

    def __init__(self, sources: Sequence[ToolSource] = ()) -> None:
        self._sources = list(sources)

    def add(self, source: ToolSource) -> Callable[[], None]:
        """List the tools of ``source``, too; returns the function that ends it."""
        self._sources.append(source)
        return lambda: self._sources.remove(source)

    def groups(self) -> list[tuple[str, str]]:
        """Return (id, title) of all makers."""
        return [group for source in self._sources for group in source.groups()]

    def tools(self) -> list[Tool]:
        """Return all tools, in the order of their sources."""
        return [tool for tool, _source in self._known()]

    def get(self, name: str) -> Tool:
        """Return one tool.

        Raises:
            StudioError: There is none of that name.
        """
        return self._found(name)[0]

    def likely(self, request: str, most: int, among: Sequence[Tool] | None = None) -> list[Tool]:
        """Return the tools that fit ``request``, the likeliest first."""
        return likely(request, self.tools() if among is None else among, most)

    def params(self, name: str) -> type[Params] | None:
        """Return the parameters of a tool that is a task; None for others."""
        tool, source = self._found(name)
        params_of: Callable[[Tool], type[Params]] | None = getattr(source, "params", None)
        return params_of(tool) if params_of is not None else None

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        conversation: str = "",
        documents: Mapping[str, Path] | None = None,
    ) -> ToolCall:
        """Begin a call that was allowed.

        Raises:
            StudioError: There is no such tool, or its arguments are wrong.
        """
        tool, source = self._found(name)
        return source.call(tool, arguments, conversation=conversation, documents=documents)

    def _known(self) -> list[tuple[Tool, ToolSource]]:
        tools: dict[str, tuple[Tool, ToolSource]] = {}
        for source in self._sources:
            for tool in source.tools():
                if tool.name in tools:
                    _log.warning(
                        "two tools are called %s; that of %s is out", tool.name, tool.source
                    )
                tools.setdefault(tool.name, (tool, source))
        return list(tools.values())

    def _found(self, name: str) -> tuple[Tool, ToolSource]:
        for tool, source in self._known():
            if tool.name == name:
                return tool, source
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no tool “{name}”.",
            "Choose one of the tools that are offered.",
        )
