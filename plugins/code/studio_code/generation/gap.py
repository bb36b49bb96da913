"""Select the context on both sides of the cursor, and trim the answer to fit. Pure."""

from __future__ import annotations

from typing import Final

MOST_BEFORE: Final = 6000
MOST_AFTER: Final = 1000
"""Characters on both sides. What stands before is read once and then known; what comes after is
read again for each letter that is typed."""
ON_A_PROCESSOR: Final = 3
"""A processor reads a few hundred tokens a second: it is shown so much less."""
_STEP: Final = 2000
"""Where a long text begins moves so many characters at once, so that its beginning is known."""
_LEAST: Final = 8
"""Characters of a line that ends a completion where it stands below the cursor anyway."""


def shown_before(text: str, share: int = 1) -> str:
    """Return the end of what stands before the cursor, from the beginning of a line.

    Args:
        share: Show one part in so many of what can be shown.
    """
    over = len(text) - MOST_BEFORE // share
    if over <= 0:
        return text
    step = _STEP // share
    start = -(-over // step) * step
    line = text.find("\n", start - 1)
    return text[line + 1 :] if 0 <= line < len(text) - 1 else text[start:]


def shown_after(text: str, share: int = 1) -> str:
    """Return the beginning of what stands after the cursor, whole lines where that can be."""
    most = MOST_AFTER // share
    if len(text) <= most:
        return text
    return text[: text.rfind("\n", 0, most) + 1] or text[:most]


def place(text: str, line: int, column: int) -> int:
    """Return the place of a line and column, both from 1; 0 is the last line, or the end of it."""
    lines = text.split("\n")
    number = min(line, len(lines)) if line else len(lines)
    start = sum(len(earlier) + 1 for earlier in lines[: number - 1])
    length = len(lines[number - 1].removesuffix("\r"))
    return start + (min(column - 1, length) if column else length)


def is_within_line(after: str) -> bool:
    """Return whether letters stand behind the cursor, so that only a part of a line is missing.

    Closing brackets and quotes do not count: what is missing may go on over several lines.
    """
    return bool(after.partition("\n")[0].strip(" \t\r)]}'\",;:"))


def fitted(written: str, before: str, after: str, lines: int) -> str:
    """Return what of a completion is offered.

    Never more than one line within a line, never what stands below anyway, no blank end.
    """
    text = written.replace("\r\n", "\n")
    if is_within_line(after):
        text = text.partition("\n")[0]
    result = text.split("\n")[:lines]
    below = [line.strip() for line in after.split("\n")[1:] if line.strip()][:1]
    for number, line in enumerate(result[1:], 1):
        if line.strip() and len(line.strip()) >= _LEAST and [line.strip()] == below:
            result = result[:number]
            break
    text = "\n".join(result).rstrip()
    rest = after.partition("\n")[0]
    # The gap ends where its end is there already: a bracket that an editor has put in.
    if rest.strip() and text.endswith(rest.strip()) and not is_within_line(after):
        text = text[: -len(rest.strip())]
    return text if text.strip() else ""


def is_enough(written: str, after: str, lines: int) -> bool:
    """Return whether nothing that is written from here on would be offered."""
    if is_within_line(after):
        return "\n" in written
    return written.count("\n") >= lines or written.endswith("\n\n\n")
