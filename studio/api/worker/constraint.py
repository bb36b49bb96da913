"""What form a text must have: plain data, with the checks that need no compiler.

Knows no library: the engine compiles the form, and refuses what only a compiler sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NoReturn

from studio.api.errors import BadInput

Form = Literal["json_schema", "regex", "grammar", "tool_calls"]

MOST_CHARACTERS: Mapping[Form, int] = {
    "json_schema": 1 << 18,
    "regex": 1 << 14,
    "grammar": 1 << 16,
    "tool_calls": 1 << 18,
}
DEEPEST = 64
"""Objects and lists within each other in a JSON schema."""
MOST_PARTS = 2_000
"""Objects and lists in all; the time to compile a schema grows with their square."""
MOST_MULTIPLES = 100_000
"""All ``multipleOf`` together, without their decimal points: as many states have to be built."""

_NAMES: Mapping[Form, str] = {
    "json_schema": "JSON schema",
    "regex": "regular expression",
    "grammar": "grammar",
    "tool_calls": "list of tools",
}
_LITERAL = re.compile(
    r""""(?:[^"\\\n]|\\.)*"|/(?![/*])(?:[^/\\\n]|\\.)+/|//.*"""
    r"""|(?P<open>"(?:[^"\\\n]|\\.)*\\?$|/(?![/*])(?:[^/\\\n]|\\.)+\\?$)""",
    re.MULTILINE,
)
"""A string, an expression or a remark of a grammar; or the rest of a line in which one begins."""
DATA = frozenset({"const", "enum", "default", "example", "examples"})
"""Keywords whose values are data: what looks like a keyword in them is none."""
NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose values are schemas by names: what looks like a keyword among these is none."""


@dataclass(frozen=True)
class Constraint:
    """The form that a text must have, from its first character to its last.

    Attributes:
        kind: ``json_schema`` (draft 2020-12, without what cannot be enforced: that is refused),
            ``regex`` (the syntax of Rust's ``regex``: no look-around, no back-references), or
            ``grammar`` (Lark's syntax; the text is what ``start`` derives), or ``tool_calls``
            (an answer or calls; see ``tool_constraint``, which makes it).
        text: The schema as JSON, the expression, the rules, or the tools as JSON.
    """

    kind: Form
    text: str

    def __post_init__(self) -> None:
        """Validate the constraint as far as possible without a compiler.

        Raises:
            BadInput: The kind is unknown; the text is empty, too long or not Unicode; or, for a
                schema, not JSON, too deep, too large, or with external references.
        """
        if self.kind not in MOST_CHARACTERS:
            raise BadInput(f"There is no output format “{self.kind}”.", f"Use {', '.join(_NAMES)}.")
        most = MOST_CHARACTERS[self.kind]
        if not self.text.strip():
            raise BadInput(f"The {self.name} is empty.", "Remove it, or enter one.")
        if len(self.text) > most:
            raise BadInput(
                f"The {self.name} has {len(self.text):,} characters; the limit is {most:,}.",
                "Shorten it.",
            )
        try:
            self.text.encode()
        except UnicodeEncodeError as error:
            raise BadInput(f"The {self.name} contains an invalid character.") from error
        if self.kind == "json_schema":
            _check_schema(_parsed(self.text))
        elif self.kind == "grammar":
            _check_grammar(self.text)
        elif self.kind == "tool_calls":
            _check_tools(_parsed(self.text))

    @property
    def name(self) -> str:
        """Display name of its kind: ``JSON schema``."""
        return _NAMES[self.kind]

    @classmethod
    def json(cls, schema: Mapping[str, Any]) -> Constraint:
        """Return the constraint for JSON that ``schema`` describes.

        Raises:
            BadInput: As the class; also if the schema is no plain data.
        """
        try:
            text = json.dumps(schema, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadInput(f"The JSON schema is not plain data ({error}).") from error
        return cls("json_schema", text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise BadInput(f"The JSON schema is not valid JSON: {error}.", "Correct it.") from error


def _check_grammar(rules: str) -> None:
    """Reject grammars on which the compiler may not terminate, or which it leaves unbounded."""
    bare = _LITERAL.sub(lambda match: match["open"] or "", rules)
    if "%json" in bare:
        raise BadInput(
            "The grammar uses “%json”, which is not supported.", "Use a JSON schema instead."
        )
    if sign := next((sign for sign in "~&" if sign in bare), ""):
        raise BadInput(
            f"The grammar uses “{sign}” between expressions, which is not supported.",
            "Rewrite it without.",
        )


def _check_tools(request: Any) -> None:
    for tool in request["tools"]:
        try:
            _check_schema(tool.get("parameters") or {})
        except BadInput as error:
            raise BadInput(f"The tool “{tool['name']}”: {error.message}", error.hint) from error
    if not request["tools"]:
        raise BadInput("The list of tools is empty.", "Add a tool.")


def _check_schema(schema: Any) -> None:
    """Walk through ``schema`` without recursion: its depth is a stranger's choice."""
    if not isinstance(schema, dict):
        raise BadInput("The JSON schema must be an object, like {“type”: “object”}.")
    if "x-guidance" in schema:
        raise BadInput("“x-guidance” is not a JSON Schema keyword.", "Remove it.")
    left: list[tuple[Any, int, bool]] = [(schema, 1, False)]
    parts = multiples = 0
    while left:
        part, depth, has_names = left.pop()
        parts += 1
        if depth > DEEPEST:
            raise _too_deep()
        if parts > MOST_PARTS:
            raise BadInput(
                f"The JSON schema has too many parts; the limit is {MOST_PARTS:,}.", "Shorten it."
            )
        if isinstance(part, dict):
            _check_reference(part.get("$ref"))
            multiples += _states(part.get("multipleOf"))
            if multiples > MOST_MULTIPLES:
                raise BadInput(
                    "A “multipleOf” in the JSON schema is too large or too precise.",
                    "Use a rounder number.",
                )
            inner = [
                (value, key in NAMED and not has_names)
                for key, value in part.items()
                if has_names or key not in DATA
            ]
        else:
            inner = [(value, False) for value in part]
        left += [
            (child, depth + 1, named) for child, named in inner if isinstance(child, dict | list)
        ]
    _check_ends(schema)


def _check_ends(schema: dict[str, Any]) -> None:
    """Refuse a schema that only an endless text would have: it needs itself, over and over."""
    references: set[str] = set()
    left: list[Any] = [schema]
    while left:
        part = left.pop()
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            references.add(part["$ref"])
        left += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ending: set[str] = set()
    while resolved := {
        reference
        for reference in references - ending
        if _ends(_referred(schema, reference), ending)
    }:
        ending |= resolved
    if not _ends(schema, ending):
        raise BadInput(
            "The JSON schema refers to itself in a circle, so no text can match it.",
            "Make one of the parts in the circle optional.",
        )


def _ends(part: Any, ending: Collection[str]) -> bool:
    """Whether a text of finite length can have this form, given which references lead to such."""
    if not isinstance(part, dict):
        return True
    needed = list(_list(part.get("allOf")))
    properties, items = part.get("properties"), part.get("items")
    if isinstance(properties, dict):
        needed += [
            properties.get(child) for child in _list(part.get("required")) if isinstance(child, str)
        ]
    if part.get("minItems"):
        needed.append(items)
    choices = [_list(part.get(key)) for key in ("anyOf", "oneOf")]
    return (
        (not isinstance(part.get("$ref"), str) or part["$ref"] in ending)
        and all(_ends(child, ending) for child in needed)
        and all(any(_ends(child, ending) for child in some) for some in choices if some)
    )


def _referred(schema: Any, reference: str) -> Any:
    """Return the part that a reference within the schema means; None if there is none."""
    for step in reference.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        schema = schema.get(name) if isinstance(schema, dict) else None
    return schema


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_reference(reference: Any) -> None:
    """Reject external references: no schema is fetched or read from a file."""
    if isinstance(reference, str) and not reference.startswith("#"):
        raise BadInput(
            f"The JSON schema refers to “{reference[:80]}”, which it does not contain.",
            "Put that definition under “$defs” and refer to “#/$defs/…”.",
        )


def _states(multiple: Any) -> int:
    """Return how many states it takes to tell the multiples of a number: its digits, as one."""
    if isinstance(multiple, bool) or not isinstance(multiple, int | float):
        return 0
    digits = Decimal(str(multiple)).normalize().as_tuple().digits
    return int("".join(map(str, digits)))


def _too_deep() -> BadInput:
    return BadInput(
        f"The JSON schema is nested too deeply; the limit is {DEEPEST} levels.", "Flatten it."
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
