"""Whether work grows with the length of a text and not with its square: for readers of strangers'
files. Compares two lengths in one run, since no absolute time means anything on a busy machine."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable

from studio.protocol.errors import StudioError

LONG = 10_000
TIMES = 4
SHORT = LONG // TIMES
NOISE = 0.005
"""Seconds of a processor in which a text is read that needs no second look. What takes a step of
a regular expression for every third pair of characters takes about 2.5 times as long."""
HOPELESS = 0.4
"""Seconds of a processor after which a short text is a trap whatever a longer one would take."""
MOST = 9.0
"""Work may grow so much when a text grows fourfold: 4 where it is linear, 16 where it is not."""


def traps(read: Callable[[str], object], texts: Iterable[Callable[[int], str]]) -> list[str]:
    """Return the texts that ``read`` takes more than linear work for, as their first letters.

    Args:
        read: Reads a text; an expected failure is an answer, too.
        texts: Make a text of about so many characters.
    """
    return [make(40) for make in texts if _is_trap(read, make)]


def _is_trap(read: Callable[[str], object], make: Callable[[int], str]) -> bool:
    if any(_seconds(read, make(tiny)) > HOPELESS for tiny in (60, SHORT // TIMES)):
        return True  # cubic, or worse: a longer one might never end
    long = short = math.inf
    for _ in range(3):  # the quickest of each: somebody else may have been busy
        long = min(long, _seconds(read, make(LONG)))
        if long < NOISE:
            return False
        short = min(short, _seconds(read, make(SHORT)))
    return long >= MOST * short


def repeated(unit: str, head: str = "", tail: str = "") -> Callable[[int], str]:
    """Return a maker of texts that repeat ``unit``."""
    return lambda length: head + unit * (length // len(unit)) + tail


def _seconds(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    with contextlib.suppress(StudioError):
        read(text)
    return time.process_time() - began
