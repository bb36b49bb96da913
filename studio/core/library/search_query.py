"""What a person types into a search box, made safe for SQLite. Runs nothing."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+")  # as the index cuts words
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Scripts that put no space between words; the index would see a sentence as one word."""


def match_expression(text: str) -> str:
    """Return an FTS5 expression that meets what has every word of ``text``, each at least begun.

    Quotes and operators lose their meaning: ``"AND`` is a word like others. Empty when there is no
    word, or when the index cannot find it: use ``like_pattern`` then.
    """
    if _UNSPACED.search(text):
        return ""
    return " ".join(f'"{word}"*' for word in _WORD.findall(text))


def like_pattern(text: str) -> str:
    """Return a LIKE pattern (escape character ``\\``) for ``text`` anywhere."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text.strip())
    return f"%{escaped}%"
