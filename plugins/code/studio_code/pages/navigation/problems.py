"""Find problems in the files of a folder: Ruff for Python, the parser for other languages.

Not for the GUI thread.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from studio.api import BadInput
from studio_code import languages, linter, source, syntax
from studio_code.execution.python_runner import syntax_error
from studio_code.pages.files.folder_listing import walk
from studio_code.pages.navigation.places import MOST, Found, Place

_OTHERS_SECONDS: Final = 20.0
_LINE: Final = re.compile(r"line (\d+)(?::\s*)?(.*)", re.DOTALL)


def problems(root: Path, opened: Mapping[str, str]) -> Found:
    """Return the problems of a folder, as its files lie on the disk; open ones as they are open.

    Raises:
        BadInput: Ruff does not end, or says what nobody expected.
    """
    end = time.monotonic() + _OTHERS_SECONDS
    result = _of_ruff(root, opened) if linter.has_ruff() else []
    for path in walk(root):
        if time.monotonic() > end or len(result) >= MOST:
            return Found(tuple(result[:MOST]), cut=True)
        language = languages.of_path(path).id
        if language == "text" or (language == "python" and linter.has_ruff()):
            continue
        try:
            text = opened[path] if path in opened else source.read(root / path)
        except BadInput:
            continue
        wrong = syntax_error(text) if language == "python" else syntax.error(text, language)
        if wrong:
            result.append(_place(path, wrong))
    return Found(tuple(sorted(result, key=lambda place: (place.path, place.line))))


def _place(path: str, wrong: str) -> Place:
    match = _LINE.match(wrong)
    line, words = (int(match[1]), match[2]) if match else (1, wrong)
    return Place(path, line, 1, words or wrong)


def _of_ruff(root: Path, opened: Mapping[str, str]) -> list[Place]:
    unsaved = {path: text for path, text in opened.items() if path.endswith((".py", ".pyi"))}
    result = [problem for problem in _checked(root, ["."], None) if problem.path not in unsaved]
    for path, text in unsaved.items():
        result += _checked(root, ["--stdin-filename", path, "-"], text)
    return result


def _checked(root: Path, what: list[str], text: str | None) -> list[Place]:
    """Run Ruff with the folder's settings; without them where they are not for this Ruff."""
    try:
        rows = linter.rows(what, text, root)
        if rows is None:
            rows = linter.rows(["--isolated", *what], text, root)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput("Ruff did not end in time.", "Open a smaller folder.") from error
    if rows is None:
        raise BadInput(
            "Ruff could not look at this folder.", "Check its settings in pyproject.toml."
        )
    real = os.path.realpath(root)
    return [_row(real, row) for row in rows[:MOST]]


def _row(root: str, row: Mapping[str, Any]) -> Place:
    where = row.get("location") or {}
    path = Path(os.path.relpath(os.path.realpath(str(row.get("filename") or "")), root)).as_posix()
    code = str(row.get("code") or "")
    words = f"{code} {row.get('message') or ''}".strip()
    return Place(path, int(where.get("row") or 1), int(where.get("column") or 1), words)
