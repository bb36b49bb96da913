"""Tools that a language model may call, from any provider. Data and protocols only.

Every task of a plugin is a tool, by its schema; so are the tools of the user's servers. No tool
runs without approval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec

from studio.api.params import Params
from studio.api.stability import former_methods, since
from studio.protocol.errors import StudioError

_TOLD = ("type", "description", "enum", "items", "minimum", "maximum", "properties", "required")
STUDIO = "studio"
"""The source of the tools that are tasks."""


class Approval(StrEnum):
    """The user's decision on a tool."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


@since("1.1")
@dataclass(frozen=True)
class ToolEffects:
    """Effects of a call besides adding results to the library.

    Attributes:
        runs_code: Runs generated or third-party code.
        takes_files: Reads library results or documents named by the call.
        writes_outside: Changes data outside the library.
    """

    runs_code: bool = False
    takes_files: bool = False
    writes_outside: bool = False


@since("1.1")
@former_methods("studio.api.window.tools.Tool")
@dataclass(frozen=True)
class Tool:
    """Something a language model may call.

    Attributes:
        name: Letters, digits, ``_`` and ``-``; one tool of all has it: ``image_generate``.
        title: For a person.
        description: For the model: what it does, and when it helps.
        schema: JSON schema of an object: all its arguments.
        source: ``studio``, or the identity of the server that it is of.
        group: Who makes it, for a person to choose by: the plugin, the server.
        effects: What a call may do.
        basic: The arguments that a model is told of, where a person sees all; empty for all.
        files: Argument → kinds of results that it takes by their id; no kinds for any.
        produces: Kinds of the results.
    """

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    source: str = STUDIO
    group: str = ""
    effects: ToolEffects = ToolEffects()
    basic: tuple[str, ...] = ()
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    produces: tuple[str, ...] = ()

    def model_schema(self, most: int = 0) -> dict[str, Any]:
        """Return the schema for a language model: short, without titles and defaults.

        Args:
            most: Maximum number of arguments, required ones first; 0 for all.
        """
        required = list(self.schema.get("required", ()))
        properties = self.schema.get("properties", {})
        names = [name for name in (self.basic or properties) if name in properties]
        if most:
            first = [*required, *(name for name in names if name not in required)][:most]
            names = [name for name in names if name in first or name in required]
        return {
            "type": "object",
            "properties": {
                name: {key: entry for key, entry in properties[name].items() if key in _TOLD}
                for name in names
            },
            "required": required,
            "additionalProperties": False,
        }

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the approved definition: a changed schema is a different tool."""
        definition = [self.source, self.name, self.description, self.schema]
        return hashlib.sha256(msgspec.json.encode(definition, order="sorted")).hexdigest()


@since("1.1")
@dataclass(frozen=True)
class ToolResult:
    """Result of a call.

    Attributes:
        text: Short text for the model.
        artifacts: Ids of the results in the library.
        record: Id of the record, if the call was a job.
    """

    text: str
    artifacts: tuple[str, ...] = ()
    record: str = ""


@since("1.1")
class ToolCall(Protocol):
    """A call that is under way. Callbacks run on the window's thread; late ones at once."""

    def on_progress(self, call: Callable[[float, float, str], None]) -> Self:
        """Call with done, total (0 while unknown) and the current activity."""
        ...

    def on_done(self, call: Callable[[ToolResult], None]) -> Self:
        """Call once with the result."""
        ...

    def on_failed(self, call: Callable[[StudioError], None]) -> Self:
        """Call once if it failed."""
        ...

    def on_cancelled(self, call: Callable[[], None]) -> Self:
        """Call once if it was stopped."""
        ...

    def cancel(self) -> None:
        """Stop it; harmless when it is over."""
        ...


@since("1.1")
class ToolsView(Protocol):
    """The tools of this studio, as ``ctx.tools``."""

    def all(self) -> Sequence[Tool]:
        """Return all tools that can be called now, in the order of their makers."""
        ...

    def groups(self) -> Sequence[tuple[str, str]]:
        """Return (id, title) of all makers: what ``Tool.group`` names."""
        ...

    def get(self, name: str) -> Tool:
        """Return one tool.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        ...

    def likely(self, request: str, most: int, among: Sequence[Tool] | None = None) -> list[Tool]:
        """Return the tools that fit what somebody asks for, the likeliest first.

        Args:
            most: At most so many; fewer where fewer have anything to do with it.
            among: Of these; by default of all.
        """
        ...

    def params(self, name: str) -> type[Params] | None:
        """Return the parameters of a tool that is a task, for a form; None for others."""
        ...

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        conversation: str = "",
        documents: Mapping[str, Path] | None = None,
    ) -> ToolCall:
        """Begin a call that the user has allowed. It is a job like any other.

        Args:
            conversation: Id of the conversation that it is made in.
            documents: Word → file: what a person has attached, for arguments that take files.

        Raises:
            StudioError: There is no such tool, or its arguments are wrong; a sentence for the
                model, too.
        """
        ...

    def approval(self, tool: Tool, conversation: str) -> Approval:
        """Return the user's approval of ``tool`` in a conversation; ASK for a changed tool."""
        ...

    def approve(self, tool: Tool, conversation: str, approval: Approval) -> None:
        """Store an approval: ALWAYS in this conversation, NEVER anywhere, ASK to reset."""
        ...
