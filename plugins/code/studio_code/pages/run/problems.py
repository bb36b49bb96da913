"""Locate failures of a program from its output. Pure; only paths of given files are trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_PROBLEMS = 50
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')
_SHORT = re.compile(r"^(?:E\s+)?([^\s:]+\.py):(\d+):\s*(.*)")
_ERROR = re.compile(
    r"^(?:E\s+)?(?:[A-Za-z_][\w.]*\.)?"
    r"[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Iteration|Group)\b(?::.*)?$"
)


@dataclass(frozen=True)
class Problem:
    """One failure.

    Attributes:
        path: Of a file that was handed over; empty where the failure is in none of them.
        line: From 1; 0 if unknown.
        words: The last line of the traceback.
    """

    path: str
    line: int
    words: str


def place_in(text: str, paths: Iterable[str]) -> tuple[str, int] | None:
    """Return which place in a known file a line of output names."""
    match = _FRAME.search(text) or _SHORT.match(text)
    if match is None:
        return None
    path = known_path(match.group(1), paths)
    return (path, int(match.group(2)[:9])) if path else None


def known_path(path: str, paths: Iterable[str]) -> str:
    """Return the known file that a path inside the sandbox means; empty for none."""
    path = path.replace("\\", "/")
    fitting = [
        candidate for candidate in paths if path == candidate or path.endswith("/" + candidate)
    ]
    return max(fitting, key=len, default="")


def problems(output: str, paths: Iterable[str]) -> list[Problem]:
    """Return the failures that tracebacks in ``output`` tell of, each at its innermost own line."""
    files = list(paths)
    result: dict[Problem, None] = {}
    place: tuple[str, int] | None = None
    for line in output.splitlines():
        if named := place_in(line, files):
            place = named
        if _ERROR.match(line) and len(result) < MAX_PROBLEMS:
            path, number = place or ("", 0)
            result[Problem(path, number, line.removeprefix("E  ").strip()[:300])] = None
            place = None
    return list(result)


def gist(message: str) -> str:
    """Return the message of a failed test in one line: pytest's first ``E`` line, else the last."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E  ")]
    plain = [line for line in marked or lines if not line.startswith("+")]
    return (plain[0 if marked else -1] if plain else "")[:300]
