"""A text in plain English that can still be told in the language of the window.

It is a ``str`` for whoever only reads it, as the terminal does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Sentence(str):
    """A pattern with its places filled in.

    Attributes:
        pattern: As the catalogues of translations have it, with named places.
        places: What stands there; may be a sentence itself.
    """

    pattern: str
    places: Mapping[str, Any]


def sentence(pattern: str, **places: Any) -> Sentence:
    """Return a text of the code with its places filled in.

    ``packaging/translations.py`` collects the patterns: give a literal.
    """
    made = Sentence(pattern.format(**places) if places else pattern)
    made.pattern, made.places = pattern, places
    return made


def told(text: str, translate: Callable[[str], str]) -> str:
    """Return a text in another language, if it is a sentence; else as it is.

    Args:
        translate: Returns a pattern in that language.
    """
    if not isinstance(text, Sentence):
        return text
    pattern = translate(text.pattern)
    if not text.places:
        return pattern
    places = {
        name: told(each, translate) if isinstance(each, str) else each
        for name, each in text.places.items()
    }
    return pattern.format(**places)
