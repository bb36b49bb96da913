"""Whether texts are English, by how often its commonest words occur. Knows no other language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
COMMON: Final = frozenset([
    "the", "of", "and", "to", "in", "is", "that", "for", "it", "with", "as", "be", "on", "are",
    "this", "or", "by", "not", "from", "you", "which", "at", "can", "an", "if", "what", "how",
    "must", "who", "when", "where", "why", "does", "do", "has", "have", "was", "were", "will",
])  # fmt: skip
_SAMPLE: Final = 20_000
_SHARE: Final = 0.2
"""English text has a third of such words, lists and tables fewer; German, French, Spanish under a
tenth."""
_ENOUGH: Final = 40
"""Words; of fewer nobody can tell by their shares."""


def is_english(question: str, texts: Sequence[str]) -> bool:
    """Return whether a question and the texts it is about are all English.

    A short question is unless it has letters that English has not, or none of its common words.
    """
    asked = _WORD.findall(question.lower())
    is_odd = not question.isascii() and any(not word.isascii() for word in asked)
    if is_odd or (len(asked) > 3 and not COMMON.intersection(asked)):
        return False
    return all(_is_english(text) for text in texts)


def _is_english(text: str) -> bool:
    middle = max(0, len(text) // 2 - _SAMPLE // 2)
    words = _WORD.findall(text[middle : middle + _SAMPLE].lower())
    return len(words) < _ENOUGH or sum(word in COMMON for word in words) > _SHARE * len(words)
