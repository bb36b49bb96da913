"""Order imported messages as a tree: parents first, omitted nodes bridged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.api import BadInput, NewMessage
from studio.api.window.language import tr

MAX_MESSAGES, MAX_CHARACTERS = 50_000, 1_000_000
"""Of a conversation; of a message."""
_LATEST = 253_402_300_799.0  # the end of the year 9999


@dataclass
class Node:
    """A message as another program has it; without a role it is left out, not what follows it."""

    key: str
    parent: str
    role: str = ""
    content: str = ""
    created: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)


def moment(value: object) -> float:
    """Return seconds since 1970; 0 for an implausible date."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    seconds = float(value) if abs(value) < 1e18 else 0.0
    if seconds > 1e15:  # nanoseconds
        seconds /= 1e9
    elif seconds > 1e11:  # milliseconds
        seconds /= 1e3
    return seconds if math.isfinite(seconds) and 0 < seconds < _LATEST else 0.0


def in_order(nodes: Iterable[Node], head: str) -> tuple[list[NewMessage], str]:
    """Return the messages, each behind its parent, and the key of the one that is shown last.

    Raises:
        BadInput: They run in a circle, or there is too much.
    """
    by_key = {node.key: node for node in nodes}
    if len(by_key) > MAX_MESSAGES:
        words = tr("A conversation has more than {most} messages.")
        raise BadInput(words.format(most=f"{MAX_MESSAGES:,}"))
    parents: dict[str, str] = {"": ""}
    """Key → the nearest message at or above it that is kept."""
    messages: list[NewMessage] = []
    for node in by_key.values():
        for ancestor in _unseen(node, by_key, parents):
            above = parents[ancestor.parent if ancestor.parent in by_key else ""]
            if not ancestor.role or not ancestor.content.strip():
                parents[ancestor.key] = above
                continue
            if len(ancestor.content) > MAX_CHARACTERS:
                words = tr("A message has {count} characters; {most} are the most.")
                count = f"{len(ancestor.content):,}"
                raise BadInput(words.format(count=count, most=f"{MAX_CHARACTERS:,}"))
            parents[ancestor.key] = ancestor.key
            messages.append(
                NewMessage(
                    ancestor.key,
                    ancestor.role,
                    ancestor.content,
                    above,
                    ancestor.created,
                    ancestor.extra,
                )
            )
    return messages, parents.get(head, "")


def _unseen(node: Node, by_key: Mapping[str, Node], parents: Mapping[str, str]) -> list[Node]:
    """Return a node with its unvisited ancestors, topmost first."""
    path: dict[str, Node] = {}
    at: Node | None = node
    while at is not None and at.key not in parents:
        if at.key in path:
            raise BadInput(
                tr("The messages of a conversation run in a circle."),
                tr("The file is damaged. Export your conversations again."),
            )
        path[at.key] = at
        at = by_key.get(at.parent)
    return list(reversed(path.values()))
