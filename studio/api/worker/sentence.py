"""A text in plain English that remains translatable for the window.

It is a ``str``, so the terminal can print it directly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from studio.api.stability import former_names

_PLACE = re.compile(r"\{(\w+)\}")


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

    ``packaging/translations.py`` collects the patterns: give a literal, and figures as they are to
    be read, ``count=f"{count:,}"``.
    """
    result = Sentence(_filled(pattern, places))
    result.pattern, result.places = pattern, places
    return result


def as_parts(text: str) -> Any:
    """Return a text as JSON data that `translated` can still translate: for ``meta``."""
    if not isinstance(text, Sentence):
        return text
    places = {
        name: as_parts(value) if isinstance(value, str) else value
        for name, value in text.places.items()
    }
    return {"pattern": text.pattern, "places": places}


def translated(text: str | Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """Translate a sentence; any other text stays as it is.

    Args:
        text: It, or what `as_parts` made of it.
        translate: Returns a pattern in that language, such as ``ctx.tr``.
    """
    if isinstance(text, Sentence):
        pattern, places = text.pattern, text.places
    elif isinstance(text, Mapping):
        pattern, places = str(text["pattern"]), text["places"]
    else:
        return text
    return _filled(translate(pattern), {
        name: translated(value, translate) if isinstance(value, (str, Mapping)) else value
        for name, value in places.items()
    })  # fmt: skip


def _filled(pattern: str, places: Mapping[str, Any]) -> str:
    """Return a pattern with its places filled in; a file may have any, so nothing is formatted."""
    return _PLACE.sub(lambda match: str(places.get(match[1], match[0])), pattern)


if not TYPE_CHECKING:  # type checkers know the names of today only
    __getattr__ = former_names(__name__)
