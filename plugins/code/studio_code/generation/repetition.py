"""Whether a model repeats itself without end, and what it wrote before that. Pure.

Identical lines close to each other say nothing new in tests; the same few letters over and over say
nothing anywhere.
"""

from __future__ import annotations

import re
from typing import Final

_SAME_LINES: Final = 4
"""So many identical lines among the last ``_LOOKED_AT`` are a loop."""
_LOOKED_AT: Final = 24
_SHORTEST: Final = 12
"""Characters of a line that counts: brackets and ``pass`` come again in honest code."""
_TAIL: Final = 400
_PERIOD: Final = re.compile(r"(.{1,50}?)\1{7,}$", re.DOTALL)


def repeats(text: str) -> bool:
    """Return whether the end of a text says the same again and again."""
    lines = [line.strip() for line in text.split("\n")[:-1]]
    last = next((line for line in reversed(lines) if line), "")
    if len(last) >= _SHORTEST and lines[-_LOOKED_AT:].count(last) >= _SAME_LINES:
        return True
    tail = text[-_TAIL:]
    return len(tail) == _TAIL and bool(tail.strip()) and _PERIOD.search(tail) is not None


def before_repeating(text: str) -> str:
    """Return the text up to the first time that its last whole line came again."""
    lines = text.split("\n")[:-1]
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    places = [number for number, line in enumerate(lines) if line.strip() == last]
    kept = lines[: places[1]] if len(places) > 1 else lines
    return "\n".join([*kept, ""])
