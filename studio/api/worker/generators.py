"""Work in steps: a generator that yields how far it is, and returns what came of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Made = TypeVar("Made")


def finished(steps: Generator[object, None, Made]) -> Made:
    """Go through ``steps`` at once, where nobody could stop them; return what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made
