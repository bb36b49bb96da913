"""Texts of a server, made safe for display and for a model. Preserves readable text."""

from __future__ import annotations

import re
import unicodedata

from studio.api.clean_text import clean

_MARKS = re.compile(
    r"<\|[^<>|]{0,60}\|>"
    r"|</?(?:tools?|tool_calls?|tool_response|think|s|start_of_turn|end_of_turn)>"
    r"|\[/?(?:INST|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS)\]"
    r"|<</?SYS>>",
    re.IGNORECASE,
)
_UNSEEN = frozenset({"Cf", "Co", "Cs", "Cn"})
"""Categories of what is not seen: it turns lines round, or hides words from a reader alone."""


def harmless(text: str, most: int) -> str:
    """Return ``text`` without controls, letters that cannot be seen, and marks of a conversation.

    Args:
        most: Characters; what is longer is cut, and ends in ``…``.
    """
    is_cut = len(text) > most
    text = clean(text[:most])
    text = "".join(
        character for character in text if unicodedata.category(character) not in _UNSEEN
    )
    while (rest := _MARKS.sub("", text)) != text:  # one may have hidden in another
        text = rest
    return f"{text}…" if is_cut else text
