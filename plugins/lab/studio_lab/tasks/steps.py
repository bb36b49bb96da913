"""What computes in steps, followed by a task: its shares and numbers become events."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from studio.api import Event

Step = TypeVar("Step")
Made = TypeVar("Made")


def followed(
    steps: Generator[Step, None, Made], tell: Callable[[Step], Event] = lambda _: None
) -> Generator[Event, None, Made]:
    """Yield the output of ``tell`` for each step, if given; return the steps' result."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: Made = end.value
            return result
        yield tell(step)
