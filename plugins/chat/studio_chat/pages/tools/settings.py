"""Whether a conversation may use tools, and whose. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolSettings:
    """What the user chose for one conversation.

    Attributes:
        on: Off at first.
        without: Makers whose tools are not told of; new ones are.
        plan: Show the steps before the first of them runs.
    """

    on: bool = False
    without: tuple[str, ...] = ()
    plan: bool = False

    def plain(self) -> dict[str, Any]:
        """Return it as a conversation keeps it."""
        return {"on": self.on, "without": list(self.without), "plan": self.plan}

    @classmethod
    def read(cls, told: object) -> ToolSettings:
        """Return what ``plain`` was made of; anything else is the default."""
        if not isinstance(told, Mapping):
            return cls()
        without = told.get("without")
        names = without if isinstance(without, Sequence) and not isinstance(without, str) else ()
        return cls(bool(told.get("on")), tuple(map(str, names)), bool(told.get("plan")))
