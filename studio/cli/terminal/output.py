"""Writing to terminals: safe text, one JSON object, tables, a progress line."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from studio.api.clean_text import clean

_C1 = re.compile(r"[\x7f-\x9f]")
_REDRAW_SECONDS = 0.1


def one_line(text: str, width: int = 0) -> str:
    """Return ``text`` cleaned, on one line, and cut to ``width`` characters unless that is 0."""
    line = " ".join(clean(text).split())
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def use_utf8() -> None:
    """Make the standard streams UTF-8 and unable to fail on a character."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a test's stream may have none
        if reconfigure:
            errors = "replace" if stream is sys.stdin else "backslashreplace"
            reconfigure(encoding="utf-8", errors=errors)


def say(text: str = "") -> None:
    """Print a line for the user to read."""
    print(clean(text))


def hint(text: str) -> None:
    """Print a line beside the results, on stderr."""
    print(clean(text), file=sys.stderr)


def print_json(value: Any) -> None:
    """Print exactly one JSON value, safe to show on a terminal too."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    print(_C1.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def print_table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> None:
    """Print rows in columns as wide as their widest cell; the last column is never padded."""
    table = [[one_line(cell) for cell in row] for row in ([head] if head else []) + list(rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    widths[-1] = 0
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def print_columns(rows: Sequence[Sequence[str]], head: Sequence[str]) -> None:
    """Print a table that is a result: aligned for a reader, separated by tabs for a program."""
    if sys.stdout.isatty():
        print_table(rows, head)
        return
    for row in (head, *rows):
        print("\t".join(one_line(cell) for cell in row))


class ProgressLine:
    """One line on stderr that is drawn over; silent where stderr is not a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_on = self._stream.isatty()
        self._width = 0
        self._drawn_at = 0.0

    def show(self, text: str, *, now: bool = False) -> None:
        """Draw ``text``; at most ten times a second unless ``now``."""
        if not self._is_on or (not now and time.monotonic() - self._drawn_at < _REDRAW_SECONDS):
            return
        line = one_line(text, shutil.get_terminal_size().columns - 1)
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width, self._drawn_at = len(line), time.monotonic()

    def clear(self) -> None:
        """Take the line away, before anything else is written."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0
