"""Which characters of a piece of code get which colour. Names tokens of the theme; knows no Qt."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Run = tuple[int, int, str]
"""Start and length within a line, and the colour's name in the theme."""

MAX_CHARACTERS = 200_000
"""Longer code is shown without colours: lexing it would hold up the window."""

_COLORS = (
    ("Comment.Preproc", "syntax-keyword"),
    ("Comment", "syntax-comment"),
    ("Keyword.Type", "syntax-type"),
    ("Keyword", "syntax-keyword"),
    ("Literal.String", "syntax-string"),
    ("Literal.Number", "syntax-number"),
    ("Literal", "syntax-number"),
    ("Name.Function", "syntax-name"),
    ("Name.Class", "syntax-type"),
    ("Name.Namespace", "syntax-type"),
    ("Name.Exception", "syntax-type"),
    ("Name.Builtin", "syntax-operator"),
    ("Name.Decorator", "syntax-keyword"),
    ("Name.Tag", "syntax-keyword"),
    ("Name.Attribute", "syntax-name"),
    ("Operator.Word", "syntax-keyword"),
    ("Operator", "syntax-operator"),
    ("Generic.Heading", "syntax-keyword"),
    ("Generic.Subheading", "syntax-keyword"),
    ("Generic.Strong", "syntax-type"),
    ("Generic.Deleted", "bad"),
    ("Generic.Inserted", "good"),
    ("Generic.Output", "mute"),
)


def highlight(lines: Sequence[str], language: str, seconds: float = math.inf) -> list[list[Run]]:
    """Return the coloured runs of each line; none where the language is not known.

    Needs no window: long code is better done beside it.

    Args:
        seconds: Of a processor; what follows then stays plain. Some lexers take work in the square
            of a text.
    """
    code = "\n".join(lines)
    lexer = _lexer(language) if language and len(code) <= MAX_CHARACTERS else None
    runs: list[list[Run]] = [[] for _ in lines]
    if lexer is None:
        return runs
    line = column = 0
    until = time.thread_time() + seconds
    for kind, text in lexer.get_tokens(code):
        color = color_of(str(kind))
        for number, piece in enumerate(text.split("\n")):
            if number:
                line, column = line + 1, 0
            if line >= len(lines) or time.thread_time() > until:
                return runs  # lexers end with a newline of their own
            if color and piece.strip():
                runs[line].append((column, len(piece), color))
            column += len(piece)
    return runs


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, stripall=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def color_of(kind: str) -> str:
    """Return which colour of the theme a token has (``"Token.Keyword.Type"``); empty for none."""
    name = kind.removeprefix("Token.")
    return next((color for prefix, color in _COLORS if name.startswith(prefix)), "")
