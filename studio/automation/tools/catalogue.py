"""All tools of a studio, whoever does them. Chooses none and asks nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from studio.api.params import Params
from studio.api.window.tools import Tool, ToolCall
from studio.automation.tools.ranking import likely
from studio.protocol.errors import ErrorCode, StudioError

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
