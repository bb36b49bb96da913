"""Requests with the tools for them, which a model is shown before it chooses. Chooses nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHOWN = 7
"""Examples that a model is shown: each costs it about forty tokens."""
_ALIKE = 2
"""Of those shown, so many at most have the same tools."""


@dataclass(frozen=True)
class Example:
    """A request that was made to show the way.

    Attributes:
        wanted: What it asks for, in a few words.
        tools: Their names, in order; none where words are enough.
        has: Words of what there was already.
    """

    request: str
    wanted: str
    tools: tuple[str, ...]
    has: str = ""


@cache
def examples() -> tuple[Example, ...]:
    """Return all that there are."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["examples"]
    return tuple(
        Example(row["request"], row["wanted"], tuple(row["tools"]), row.get("has", ""))
        for row in rows
    )


def telling(
    nearness: Sequence[float], offered: Collection[str], *, has_steps: bool
) -> list[Example]:
    """Return the examples that tell most of a request, the nearest last, where it counts most.

    They have only tools that are offered; one at least needs none, and one needs several where the
    request has steps.

    Args:
        nearness: Of each example to the request; empty where nothing is known of that.
    """
    cases = examples()
    order = sorted(range(len(cases)), key=lambda at: -nearness[at] if nearness else at)
    order = [at for at in order if has_steps or len(cases[at].tools) < 2]
    fitting = [at for at in order if set(cases[at].tools) <= set(offered)]
    shown = [next(at for at in order if not cases[at].tools)]
    if has_steps:
        shown.append(next(at for at in (*fitting, *order) if len(cases[at].tools) > 1))
    for at in fitting:
        alike = sum(cases[at].tools == cases[other].tools for other in shown)
        if at not in shown and alike < (_ALIKE if cases[at].tools else SHOWN // 2):
            shown.append(at)
        if len(shown) == SHOWN:
            break
    return [cases[at] for at in sorted(shown, key=order.index, reverse=True)]
