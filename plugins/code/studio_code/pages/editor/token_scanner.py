"""Tokens of a text by Pygments' rules, a few at a time, from any line whose state is known. No Qt.

``RegexLexer`` itself can be paused but tells no state, so a change in line 9,000 would mean lexing
from line 1; here the stack of states is at hand wherever a token ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Stack = tuple[str, ...]
START: Stack = ("root",)

Token = tuple[int, str, int]
"""Where it starts, the token's type (``Literal.String``), how long it is."""


@lru_cache(maxsize=32)
def lexer_named(name: str) -> Lexer | None:
    """Return a lexer; None where there is none. Imports Pygments the first time (0.1 s)."""
    if not name:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(name, stripnl=False, stripall=False, ensurenl=False)
    except ClassNotFound:
        return None


REACH = 20_000
"""Characters that one rule may look ahead. Some of Pygments' take work in the square of a text, and
one match in the middle of a slice of work cannot be broken off."""


class Scanner:
    """One pass over a text, from a place where its state is known.

    Attributes:
        at: Where the next token begins.
        stack: The state there; None for a lexer that tells none.
    """

    def __init__(self, lexer: Any, text: str, at: int = 0, stack: Stack = START) -> None:
        self.at = at
        self._text = text
        self.stack: Stack | None = stack
        if resumes(lexer):
            self._steps = self._by_rules(lexer, stack)
        else:
            self.stack, self.at = None, 0
            self._steps = self._by_itself(lexer)

    def __iter__(self) -> Iterator[Token]:
        return self._steps

    def _by_itself(self, lexer: Any) -> Iterator[Token]:
        for start, kind, value in lexer.get_tokens_unprocessed(self._text):
            self.at = start + len(value)
            yield start, str(kind)[6:], len(value)

    def _by_rules(self, lexer: Any, stack: Stack) -> Iterator[Token]:
        from pygments.token import _TokenType

        rules, text, end = lexer._tokens, self._text, len(self._text)
        while self.at < end:
            start = self.at
            for match, action, change in rules[stack[-1]]:
                token = match(text, start, min(end, start + REACH))
                if token is None:
                    continue
                self.at = token.end()
                stack = self.stack = moved(stack, change)
                if action is not None:
                    if type(action) is _TokenType:
                        yield start, str(action)[6:], self.at - start
                    else:  # a group of tokens, maybe of another language
                        for place, kind, value in action(lexer, token):
                            yield place, str(kind)[6:], len(value)
                break
            else:  # no rule fits: a line's end begins anew, anything else is skipped
                ends = text[start] == "\n"
                if ends:
                    stack = self.stack = START
                self.at = start + 1
                yield start, "Text.Whitespace" if ends else "Error", 1


def resumes(lexer: Any) -> bool:
    """Whether lexing can begin anywhere its state is known."""
    from pygments.lexer import DelegatingLexer, ExtendedRegexLexer, RegexLexer

    own = isinstance(lexer, RegexLexer)
    return own and not isinstance(lexer, ExtendedRegexLexer | DelegatingLexer)


def moved(stack: Stack, change: Any) -> Stack:
    """Return the stack after a rule's change of state; one state always stays."""
    if change is None:
        return stack
    if isinstance(change, int):  # so many less, written as a negative number
        return stack[:change] or stack[:1]
    for name in change if isinstance(change, tuple) else (change,):
        if name == "#pop":
            stack = stack[:-1] or stack
        else:
            stack = (*stack, stack[-1] if name == "#push" else name)
    return stack
