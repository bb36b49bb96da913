"""Incremental work: a generator that yields progress and returns the result."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Made = TypeVar("Made")


def finished(steps: Generator[object, None, Made]) -> Made:
    """Exhaust ``steps`` without interruption; return their return value."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Made = end.value
            return result
