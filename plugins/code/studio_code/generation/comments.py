"""Comments above definitions, in every language but Python: where they lack, how they go. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from studio_code import syntax
from studio_code.generation.docstrings import Undocumented

_BLOCK: Final = ("javascript", "typescript", "java", "c", "cpp")
_MARKS: Final = {"rust": "///", "csharp": "///", "go": "//", "bash": "#", "sql": "--"}
_LONGEST: Final = 12
"""Lines of a comment; more is no summary."""


def undocumented(text: str, language: str) -> list[Undocumented]:
    """Return the definitions without a comment above them."""
    return [
        Undocumented(
            definition.name, definition.text, definition.header, definition.indent, definition.line
        )
        for definition in syntax.definitions(text, language)
        if not definition.documented
    ]


def begun(language: str) -> str:
    """Return how a comment begins, for a model to go on from."""
    return "/**\n * " if language in _BLOCK else f"{_MARKS[language]} "


def cleaned(answer: str, language: str) -> str:
    """Return the words of a comment without its marks; empty if nothing is left."""
    text = answer.partition("*/")[0] if language in _BLOCK else answer
    lines: list[str] = []
    for line in text.strip().split("\n"):
        mark = re.match(r"^\s*(?:/\*\*?|\*|///?|#(?!!)|--)?\s?(.*?)\s*$", line)
        words = mark[1] if mark else line.strip()
        if language not in _BLOCK and lines and not line.lstrip().startswith(_MARKS[language]):
            break  # the code goes on
        lines.append(words)
    return "\n".join(lines[:_LONGEST]).strip().replace("*/", "* /")


def with_comments(text: str, written: Mapping[int, tuple[str, str]], language: str) -> str:
    """Return a text with comments before lines.

    Args:
        written: Line, from 1 → indentation and words.
    """
    lines = text.split("\n")
    for line in sorted(written, reverse=True):
        indent, words = written[line]
        lines[line - 1 : line - 1] = [
            f"{indent}{comment}".rstrip() for comment in _comment(words, language)
        ]
    return "\n".join(lines)


def only_comments_differ(one: str, other: str, language: str) -> bool:
    """Return whether two texts are the same but for comments."""
    return syntax.words(one, language) == syntax.words(other, language)


def _comment(words: str, language: str) -> list[str]:
    lines = words.split("\n")
    if language in _BLOCK:
        if len(lines) == 1:
            return [f"/** {lines[0]} */"]
        return ["/**", *(f" * {line}" for line in lines), " */"]
    return [f"{_MARKS[language]} {line}" for line in lines]
