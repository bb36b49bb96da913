"""Whether a conversation may use tools, and whose. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolSettings:
    """The user's tool settings for one conversation.

    Attributes:
        on: Off at first.
        without: Plugins whose tools are hidden from the model; new ones are offered.
        plan: Show the steps before the first of them runs.
    """

    on: bool = False
    without: tuple[str, ...] = ()
    plan: bool = False

    def plain(self) -> dict[str, Any]:
        """Return it as a conversation keeps it."""
        return {"on": self.on, "without": list(self.without), "plan": self.plan}

    @classmethod
    def read(cls, data: object) -> ToolSettings:
        """Return the settings from the output of ``plain``; the default for anything else."""
        if not isinstance(data, Mapping):
            return cls()
        without = data.get("without")
        names = without if isinstance(without, Sequence) and not isinstance(without, str) else ()
        return cls(bool(data.get("on")), tuple(map(str, names)), bool(data.get("plan")))
