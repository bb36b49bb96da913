"""The tools declared by a server. Trusts nothing: useless ones are left out and reported."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.automation.tools.servers.words import harmless

if TYPE_CHECKING:
    from mcp import types

MOST_TOOLS = 200
LARGEST_SCHEMA, DEEPEST = 64 << 10, 24
LONGEST_DESCRIPTION, LONGEST_TITLE = 600, 80
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TOLD = ("title", "description", "$comment")


class _Unusable(Exception):
    """Why a tool is left out."""


@dataclass(frozen=True)
class ServerTool:
    """A tool of a server.

    Attributes:
        name: As the server knows it.
        title: For people; the name if it has none.
        description: For people and models.
        schema: JSON schema of its arguments: an object.
        digest: Of all that the server said of it.
    """

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    digest: str


def read_tools(declared: Iterable[types.Tool]) -> tuple[list[ServerTool], list[str]]:
    """Return the tools that can be used, and a sentence for each that cannot."""
    tools: dict[str, ServerTool] = {}
    notes: list[str] = []
    for number, tool in enumerate(declared):
        if number == MOST_TOOLS:
            notes.append(f"It has more than {MOST_TOOLS} tools; the rest was left out.")
            break
        name = harmless(tool.name, 64)
        try:
            if not _NAME.fullmatch(tool.name):
                raise _Unusable("its name is not made of up to 64 letters, digits and dashes")
            if plain_name(tool.name) in map(plain_name, tools):
                raise _Unusable("the server has another tool of that name")
            tools[tool.name] = _tool(tool)
        except _Unusable as reason:
            notes.append(f"The tool “{name}” was left out: {reason}.")
    return list(tools.values()), notes[:MOST_TOOLS]


def plain_name(name: str) -> str:
    """Return a name in the form for models."""
    return name.replace(".", "_").lower()


def digest_of(name: str, *parts: object) -> str:
    """Return the digest of a server's declaration of a tool."""
    return hashlib.sha256(json.dumps([name, *parts], sort_keys=True).encode()).hexdigest()


def _tool(tool: types.Tool) -> ServerTool:
    schema = tool.input_schema
    _check(schema)
    declaration = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
    return ServerTool(
        name=tool.name,
        title=_line(tool.title or tool.name, LONGEST_TITLE),
        description=_line(tool.description or "", LONGEST_DESCRIPTION),
        schema=_plain(_cleaned(schema)),
        digest=digest_of(tool.name, declaration),
    )


def _line(text: str, most: int) -> str:
    return " ".join(harmless(text, most).split())


def _check(schema: Mapping[str, Any]) -> None:
    """Look at a schema: its size first, before anything else reads it."""
    from jsonschema import (  # type: ignore[import-untyped]
        Draft202012Validator,
        SchemaError,
    )

    if len(json.dumps(schema)) > LARGEST_SCHEMA:
        raise _Unusable("the schema of its arguments is larger than 64 KB")
    _walk(schema, 0)
    if schema.get("type") != "object":
        raise _Unusable("the schema of its arguments is not that of an object")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = harmless(".".join(map(str, error.absolute_path)), 60)
        raise _Unusable(f"the schema of its arguments is not valid (at “{where}”)") from error


def _walk(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise _Unusable("the schema of its arguments is nested too deep")
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name in _TOLD and isinstance(item, str):
                continue
            if name == "$ref" and not str(item).startswith("#"):
                raise _Unusable("the schema of its arguments refers to something outside itself")
            _walk(name, depth)
            _walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _walk(item, depth + 1)
    elif isinstance(value, str) and harmless(value, len(value)) != value:
        raise _Unusable("the schema of its arguments has letters that cannot be seen")


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object as whoever reads it counts on: each property is described,
    and what must be given is one of them."""
    declared = {
        name: part for name, part in schema.get("properties", {}).items() if part is not False
    }
    properties = {name: part if isinstance(part, dict) else {} for name, part in declared.items()}
    required = [name for name in schema.get("required", ()) if name in properties]
    return {**schema, "properties": properties, "required": required}


def _cleaned(value: Any) -> Any:
    """Return a schema with its texts for people and models cleaned."""
    if isinstance(value, Mapping):
        return {
            name: _line(item, LONGEST_DESCRIPTION)
            if name in _TOLD and isinstance(item, str)
            else _cleaned(item)
            for name, item in value.items()
        }
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
