"""Syntax highlighting, updated incrementally in slices while a text is edited. No Qt.

After an edit, lines are lexed again from there until a line begins in the same state as before:
mostly the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from studio_code.pages.editor.token_scanner import START, Scanner, Stack, Token, lexer_named

Run = tuple[int, int, str]
"""Start and length within a line, in UTF-16 units as Qt counts, and the colour's name."""

LARGEST = 2_000_000
"""Characters; longer texts stay without colours."""


class SyntaxColours:
    """The colours of one text.

    Attributes:
        runs: Of each line.
        working: Whether lines still wait to be looked at.
    """

    def __init__(self, language: str, color_of: Callable[[str], str]) -> None:
        """``color_of``: a token's type (``Literal.String``) → the name of its colour, or empty."""
        self._lexer_name, self._color_of = language, color_of
        self.runs: list[tuple[Run, ...]] = [()]
        self._states: list[Stack | None] = [START]
        self.working = False
        self._line = 0
        """The line that is being looked at; those above are settled."""
        self._settle_from = 0
        """Lines up to here were edited: no pass may end before."""
        self._tokens: Iterator[Token] = iter(())
        self._scanner: Scanner | None = None
        self._text = ""
        self._line_start = 0
        self._found: list[Run] = []
        self._astral = False

    def reset(self, lines: int, language: str) -> None:
        """Begin anew with a text of so many lines."""
        self._lexer_name = language
        self.runs, self._states = [()] * lines, [None] * lines
        self._line, self._settle_from = 0, lines
        self._scanner, self.working = None, bool(language)

    def edited(self, line: int, removed: int, added: int) -> None:
        """Lines ``line`` to ``line + removed`` became ``line`` to ``line + added``."""
        here = self.runs[line : line + 1] if removed == added else [()]
        self.runs[line : line + removed + 1] = [*here, *([()] * added)]
        self._states[line + 1 : line + removed + 1] = [None] * added
        unfinished = self.working and self._settle_from + added - removed
        reached = self._line + (added - removed if self._line > line else 0)
        self._settle_from = max(line + added, unfinished, reached if self.working else 0)
        self._line = min(line, self._line) if self.working else line
        self._scanner, self.working = None, bool(self._lexer_name)

    def restart(self, line: int = 0) -> None:
        """Look at everything below ``line`` again, as soon as there is time."""
        self._line, self._settle_from = line, len(self.runs)
        self._scanner, self.working = None, bool(self._lexer_name)

    # --- a slice ------------------------------------------------------------------------------

    @property
    def stale(self) -> bool:
        """Whether the next slice needs the text."""
        return self.working and self._scanner is None

    def begin(self, text: str) -> None:
        """Take the text as it is now."""
        lexer = lexer_named(self._lexer_name) if len(text) <= LARGEST else None
        if lexer is None:
            self.working = False
            return
        self._text = text + "\n"
        self._astral = not text.isascii() and len(text.encode("utf-16-le")) // 2 != len(text)
        line = self._known_line()
        start = _start_of(text, line)
        stack = self._states[line] or START
        self._scanner = Scanner(lexer, self._text, start, stack)
        if self._scanner.stack is None:  # it cannot begin in the middle
            line = start = 0
            self._settle_from = len(self.runs)
        self._tokens = iter(self._scanner)
        self._line, self._line_start, self._found = line, start, []
        self._states[line] = stack

    def _known_line(self) -> int:
        for line in range(min(self._line, len(self._states) - 1), 0, -1):
            if self._states[line] is not None:
                return line
        return 0

    def advance(self, seconds: float) -> tuple[int, int]:
        """Go on for so long; return the first and last line that may look otherwise now."""
        until, first = time.perf_counter() + seconds, self._line
        scanner = self._scanner
        if scanner is None:
            return first, first - 1
        for count, (start, kind, length) in enumerate(self._tokens):
            if self._take(start, self._color_of(kind), length, scanner):
                self._stop()
                return first, self._line
            if not count & 15 and time.perf_counter() > until:
                return first, self._line
        self._stop()
        return first, len(self.runs) - 1

    def _stop(self) -> None:
        self.working, self._scanner, self._tokens = False, None, iter(())
        self._text = ""

    def _take(self, start: int, color: str, length: int, scanner: Scanner) -> bool:
        """Lay a token over its lines; return whether all below is as it was."""
        end = start + length
        at = start
        while True:
            newline = self._text.find("\n", at, end)
            stop = end if newline < 0 else newline
            if color and stop > at:
                self._found.append(self._run(at, stop, color))
            if newline < 0:
                return False
            at = newline + 1
            if self._end_line(at, scanner.stack if at == end == scanner.at else None):
                return True

    def _run(self, at: int, stop: int, color: str) -> Run:
        begin = self._line_start
        if not self._astral:
            return at - begin, stop - at, color
        return _units(self._text[begin:at]), _units(self._text[at:stop]), color

    def _end_line(self, next_start: int, state: Stack | None) -> bool:
        if self._line < len(self.runs):
            self.runs[self._line] = tuple(self._found)
        self._line, self._line_start, self._found = self._line + 1, next_start, []
        if self._line >= len(self._states):
            return True
        same = state is not None and state == self._states[self._line]
        self._states[self._line] = state
        return same and self._line > self._settle_from


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _start_of(text: str, line: int) -> int:
    """Return where a line starts."""
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
    return at
