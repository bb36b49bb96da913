"""Formats plain data as text: dates, sizes and lists in words, long values folded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from studio.base import disk
from studio.cli.terminal import output

_NAME_WIDTH = 14
_LONGEST_TEXT = 400
_LISTED = 5
_MOMENTS = ("created", "updated", "started", "finished", "binned_at")
_NOTHING: tuple[Any, ...] = ("", None, [], {}, False)


def lines(facts: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a line for each fact that says something; those of a fact are indented below it."""
    for name, value in facts.items():
        if value in _NOTHING:
            continue
        if isinstance(value, Mapping):
            yield f"{indent}{name}"
            yield from lines({str(key): part for key, part in value.items()}, indent + "  ")
        elif isinstance(value, list) and isinstance(value[0], Mapping):
            yield f"{indent}{name}"
            for part in value[:_LISTED]:
                yield f"{indent}  {_inline(part)}"
            if len(value) > _LISTED:
                yield f"{indent}  and {len(value) - _LISTED:,} more"
        else:
            yield f"{indent}{name:<{_NAME_WIDTH - len(indent)}} {_words(name, value)}"


def _words(name: str, value: Any) -> str:
    if name in _MOMENTS and isinstance(value, (int, float)):
        return datetime.fromtimestamp(value).astimezone().strftime("%Y-%m-%d %H:%M")
    if name == "bytes" and isinstance(value, int):
        return disk.as_size(value)
    if isinstance(value, list):
        return _listed(value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.6g}"
    text = {True: "yes"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    cut = output.one_line(text, _LONGEST_TEXT)
    return cut if len(text) <= _LONGEST_TEXT else f"{cut} ({len(text):,} characters)"


def _listed(values: list[Any]) -> str:
    shown = ", ".join(output.one_line(str(value), 80) for value in values[:_LISTED])
    more = len(values) - _LISTED
    return f"{shown} and {more:,} more" if more > 0 else shown


def _inline(part: Mapping[str, Any]) -> str:
    phrases = (f"{key} {_words(str(key), value)}" for key, value in part.items())
    return output.one_line(", ".join(phrases), _LONGEST_TEXT)
