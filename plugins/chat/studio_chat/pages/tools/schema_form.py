"""A form for the arguments of a server's tool, where its JSON schema is a simple one."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence
from types import new_class
from typing import Annotated, Any, Final, Literal

from studio.api import BadInput, Label, Params, Range, Text

MOST_FIELDS: Final = 20
_LONGEST_WORDS: Final = 300
"""Of a title or an explanation that a stranger's server gives."""
_KINDS: Final[Mapping[str, type]] = {
    "string": str, "integer": int, "number": float, "boolean": bool,
}  # fmt: skip
_TAKEN: Final = frozenset(dir(Params))


def form_of(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> type[Params] | None:
    """Return fields for a schema, in its order; None for one that a form cannot hold.

    Simple are texts, numbers, yes or no, one of several texts, and lists of texts. All else is
    edited as JSON, and so are arguments that are not as the schema says.

    Args:
        arguments: What the model gave: the form must be able to show it.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not 0 < len(properties) <= MOST_FIELDS:
        return None
    if not arguments.keys() <= properties.keys():
        return None
    hints: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for name, entry in properties.items():
        if not isinstance(name, str) or not isinstance(entry, Mapping) or not _can_be(name):
            return None
        if (field := _field(name, entry)) is None:
            return None
        hints[name], defaults[name] = field
    body = {"__annotations__": hints, "__module__": __name__, "__doc__": "Arguments.", **defaults}
    try:
        made_class: type[Params] = new_class(
            "Arguments", (Params,), {"frozen": True}, lambda space: space.update(body)
        )
        made_class.parse(dict(arguments))
    except (BadInput, TypeError, ValueError):
        return None
    return made_class


def _can_be(name: str) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and name not in _TAKEN
    )


def _field(name: str, entry: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """Return the annotation and the default of a field; None for one that is not simple."""
    label = Label(_words(entry.get("title")) or _spelt(name), _words(entry.get("description")))
    default, choices = entry.get("default"), entry.get("enum")
    if choices is not None:
        if not _are_texts(choices) or not choices:
            return None
        first = default if default in choices else choices[0]
        return Annotated[Literal[tuple(choices)], label], first
    kind = entry.get("type")
    if kind == "array":
        items = entry.get("items")
        is_texts = isinstance(items, Mapping) and items.get("type") == "string"
        if not is_texts or "enum" in (items or {}):
            return None
        texts = list(default) if default is not None and _are_texts(default) else []
        return Annotated[list[str], label], texts
    if not isinstance(kind, str) or kind not in _KINDS:
        return None
    wanted = _KINDS[kind]
    if wanted is str:
        return Annotated[str, label, Text(lines=1)], default if isinstance(default, str) else ""
    if wanted is bool:
        return Annotated[bool, label], default is True
    low, high = _bound(entry.get("minimum")), _bound(entry.get("maximum"))
    start = _bound(default) if default is not None else low
    value = wanted(start if start is not None else 0)
    if low is not None and high is not None and low < high:
        return Annotated[wanted, label, Range(wanted(low), wanted(high))], value
    return Annotated[wanted, label], value


def _bound(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _are_texts(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return is_list and all(isinstance(item, str) for item in value)


def _words(value: Any) -> str:
    return " ".join(str(value).split())[:_LONGEST_WORDS] if isinstance(value, str) else ""


def _spelt(name: str) -> str:
    return name.replace("_", " ").capitalize()
