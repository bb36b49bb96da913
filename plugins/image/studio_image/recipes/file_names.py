"""Names for files that are exported together, made by a pattern. Plain data: touches no files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from studio.api import BadInput, file_stem

FIELDS = ("title", "number", "seed", "date", "model", "style", "width", "height", "steps")
"""What may stand in braces; ``{number:3}`` has three digits."""
LONGEST = 120
_FIELD = re.compile(r"\{([a-z]+)(?::0?(\d))?\}")


def check(pattern: str) -> None:
    """Check that a pattern names files.

    Raises:
        BadInput: It is empty, or has something in braces that is none of the fields.
    """
    left = _FIELD.sub("", pattern)
    unknown = [name for name, _ in _FIELD.findall(pattern) if name not in FIELDS]
    if unknown or "{" in left or "}" in left:
        field = f"“{{{unknown[0]}}}”" if unknown else "a brace"
        raise BadInput(
            f"The names have {field}, which is not supported.",
            f"Use {', '.join(f'{{{name}}}' for name in FIELDS)}.",
        )
    if not pattern.strip():
        raise BadInput("The names are empty.", "Enter a pattern such as {title}-{seed}.")


def names(pattern: str, rows: Iterable[Mapping[str, Any]], taken: Iterable[str] = ()) -> list[str]:
    """Return a name without ending for each row: safe on any system, and no two alike.

    Args:
        rows: What is known of each file, by the names of the fields; ``number`` is counted.
        taken: Names that are there already, in any case.

    Raises:
        BadInput: The pattern is none.
    """
    check(pattern)
    used, result = {name.casefold() for name in taken}, []
    for number, row in enumerate(rows, 1):
        stem = _safe(_filled(pattern, {**row, "number": number}))
        name, again = stem, 2
        while name.casefold() in used:
            name, again = f"{stem} ({again})", again + 1
        used.add(name.casefold())
        result.append(name)
    return result


def _filled(pattern: str, fields: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda match: _value(fields, *match.groups()), pattern)


def _value(fields: Mapping[str, Any], name: str, digits: str | None) -> str:
    value = fields.get(name, "")
    return f"{value:0{digits}d}" if digits and isinstance(value, int) else str(value)


def _safe(name: str) -> str:
    parts = [file_stem(part, "") for part in name[: 4 * LONGEST].split(".")]
    return ".".join(part for part in parts if part)[:LONGEST].strip(" .") or "picture"
