"""What computes in steps, followed by a task: its shares and numbers become events."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from studio.api import Event

Step = TypeVar("Step")
Result = TypeVar("Result")


def followed(
    steps: Generator[Step, None, Result], tell: Callable[[Step], Event] = lambda _: None
) -> Generator[Event, None, Result]:
    """Yield the output of ``tell`` for each step, if given; return the steps' result."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield tell(step)
