"""References in a workflow: ``{input}``, ``{row.column}``, ``{param.x}``, ``{step.x}``.

Names only: nothing is computed, so nothing that a file says is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from studio.api.errors import BadInput

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_REFERENCE = re.compile(
    r"input|(?P<source>row|param)\.(?P<name>[^{}.\s][^{}]*)"
    r"|step\.(?P<step>[a-z][a-z0-9_]*)(\.(?P<kind>[a-z][a-z0-9_-]*))?"
)


class Reference(NamedTuple):
    """One reference.

    Attributes:
        source: ``input``, ``row``, ``param`` or ``step``.
        name: Of the column, the parameter or the step; empty for the input.
        kind: Of a step's results the first of this kind; empty for the first of all.
    """

    source: str
    name: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return "{" + ".".join(filter(None, self)) + "}"


def parts(text: str) -> list[str | Reference]:
    """Return the literal texts and the references of ``text``, in order.

    Raises:
        BadInput: A brace stands alone, or what is between two is no reference.
    """
    pieces: list[str | Reference] = []
    last = 0
    for match in _PART.finditer(text):
        pieces.append(text[last : match.start()])
        last = match.end()
        if match[0] in ("{{", "}}"):
            pieces.append(match[0][0])
        elif match[1] is None:
            raise BadInput(f"A brace stands alone in “{_short(text)}”.", "Write {{ or }} for it.")
        else:
            pieces.append(_reference(match[1]))
    pieces.append(text[last:])
    return [part for part in pieces if part]


def references(value: Any) -> Iterator[Reference]:
    """Yield the references in a value, which may be a list or a table of values.

    Raises:
        BadInput: As ``parts``.
    """
    if isinstance(value, str):
        yield from (part for part in parts(value) if isinstance(part, Reference))
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def only(value: Any) -> Reference | None:
    """Return the reference that ``value`` consists of; None if there is more, or none."""
    pieces = parts(value) if isinstance(value, str) else []
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], Reference) else None


def filled(value: Any, answer: Callable[[Reference], Any]) -> Any:
    """Return ``value`` with its references replaced.

    A reference that stands alone becomes what ``answer`` says; in a text, the words of that.
    """
    if isinstance(value, dict):
        return {name: filled(item, answer) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, answer) for item in value]
    if not isinstance(value, str):
        return value
    pieces = parts(value)
    if len(pieces) == 1 and isinstance(pieces[0], Reference):
        return answer(pieces[0])
    return "".join(str(answer(part)) if isinstance(part, Reference) else part for part in pieces)


def escaped(text: str) -> str:
    """Return ``text`` so that it means itself in a workflow."""
    return text.replace("{", "{{").replace("}", "}}")


def _reference(words: str) -> Reference:
    match = _REFERENCE.fullmatch(words.strip())
    if match is None:
        raise BadInput(
            f"“{{{_short(words)}}}” is not a reference.",
            "Write {input}, {row.COLUMN}, {param.NAME}, {step.ID} or {step.ID.KIND}; "
            "for a brace itself write it twice.",
        )
    if match["step"]:
        return Reference("step", match["step"], match["kind"] or "")
    return (
        Reference(match["source"], match["name"].strip()) if match["source"] else Reference("input")
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
