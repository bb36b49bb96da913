"""The facts the user keeps, as the settings have them. Draws nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from studio.api import PluginContext, WorkQueue

FACTS, ON = "memory", "memory_on"
MAX_FACTS, MAX_TEXT = 200, 300


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes:
        source: Id of the conversation it comes from; empty for what was written by hand.
        created: In seconds since 1970.
    """

    text: str
    source: str = ""
    created: float = 0.0


class Memory:
    """All facts, and whether new conversations include them. Saved off the GUI thread."""

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        self._ctx, self._work_queue = ctx, work_queue
        self.facts = [fact for fact in map(_fact, ctx.settings.get(FACTS, [])) if fact]
        self.on = bool(ctx.settings.get(ON, True))

    def add(self, texts: Iterable[str], source: str = "") -> None:
        """Keep facts that are not there yet, as far as there is room."""
        existing = {fact.text for fact in self.facts}
        for text in map(short, texts):
            if text and text not in existing and len(self.facts) < MAX_FACTS:
                existing.add(text)
                self.facts.append(Fact(text, source, time.time()))
        self._keep()

    def change(self, place: int, text: str) -> None:
        """Let a fact say something else; an empty one is forgotten."""
        fact = self.facts[place]
        changed = [Fact(short(text), fact.source, fact.created)] if short(text) else []
        self.facts[place : place + 1] = changed
        self._keep()

    def forget_all(self) -> None:
        """Erase all facts."""
        self.facts.clear()
        self._keep()

    def turn(self, on: bool) -> None:
        """Tell new conversations the facts, or do not."""
        self.on = on
        self._keep()

    def told(self) -> str:
        """Return the facts as text for the model; empty while memory is off or has none."""
        if not self.on or not self.facts:
            return ""
        lines = "\n".join(f"- {fact.text}" for fact in self.facts)
        return f"What you know about the user:\n{lines}"

    def _keep(self) -> None:
        plain, on = [asdict(fact) for fact in self.facts], self.on
        put = self._ctx.settings.set
        self._work_queue.do(lambda: (put(FACTS, plain), put(ON, on)))


def short(text: str) -> str:
    """Return a fact as one line of at most ``MAX_TEXT`` characters."""
    return " ".join(text.split())[:MAX_TEXT]


def _fact(data: Any) -> Fact | None:
    if not isinstance(data, Mapping):
        return None
    text, source, created = (data.get(name) for name in ("text", "source", "created"))
    if not isinstance(text, str) or not isinstance(source, str) or not short(text):
        return None
    return Fact(short(text), source, float(created) if isinstance(created, int | float) else 0.0)
