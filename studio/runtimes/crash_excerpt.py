"""What of a dead runtime's log is worth showing. Reads no log."""

from __future__ import annotations

from collections.abc import Sequence

MOST_LINES = 50
BEFORE_A_CRASH = 15
"""Lines before a crash report that are shown with it: they say what was going on."""
_CRASH = ("Fatal Python error", "Windows fatal exception")


def last_words(lines: Sequence[str]) -> str:
    """Return the lines of a log that tell most about its end, at most ``MOST_LINES``.

    They are the last ones; but faulthandler's report names the thread that crashed first and then
    all others, whose stacks would push everything else out: there the lines around its beginning.
    """
    starts = [i for i, line in enumerate(lines) if line.startswith(_CRASH)]
    if not starts:
        return "\n".join(lines[-MOST_LINES:])
    first = max(0, min(starts[-1] - BEFORE_A_CRASH, len(lines) - MOST_LINES))
    return "\n".join(lines[first : first + MOST_LINES])
