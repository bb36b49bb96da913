"""Which characters of a whole text get which colour, line by line. Slow: call it beside the window.

Names tokens of the theme; knows no Qt.
"""

from __future__ import annotations

from functools import lru_cache

from studio_code.pages.review_rows import Run

MAX_CHARACTERS = 400_000
"""Longer texts stay without colours."""

_COLORS = (
    ("Comment", "syntax-comment"),
    ("Keyword.Type", "syntax-type"),
    ("Keyword", "syntax-keyword"),
    ("Literal.String", "syntax-string"),
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
)


def color_lines(text: str, lexer: str) -> list[list[Run]]:
    """Return the coloured runs of each line; none where Pygments has no lexer of that name."""
    runs: list[list[Run]] = [[] for _ in range(text.count("\n") + 1)]
    if not lexer or len(text) > MAX_CHARACTERS:
        return runs
    from pygments.lexers import get_lexer_by_name

    line = column = 0
    found = get_lexer_by_name(lexer, stripnl=False, stripall=False, ensurenl=False)
    for kind, piece in found.get_tokens(text.replace("\r\n", "\n")):
        color = _color(str(kind))
        for number, part in enumerate(piece.split("\n")):
            if number:
                line, column = line + 1, 0
            if color and part.strip() and line < len(runs):
                runs[line].append((column, len(part), color))
            column += len(part)
    return runs


@lru_cache(maxsize=512)
def _color(kind: str) -> str:
    name = kind.removeprefix("Token.")
    return next((color for prefix, color in _COLORS if name.startswith(prefix)), "")
