"""The steps of a plan: as data, and as the lines that a person reads and writes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from studio.api import BadInput
from studio_code.source import relative

MOST_STEPS: Final = 20
_LINE: Final = re.compile(
    r"(?:\d+[.)]\s+|[-*]\s+)?(?:\[[ xX]\]\s+)?(?P<title>.*?)\s*(?:\[(?P<files>[^\]]*)\])?"
)
_TITLE_CHARS: Final = 400
_FILE: Final = re.compile(r"(?<![\w/.@-])(?:[\w-]+/)*[\w-]+\.[a-z]{1,5}\b(?![\w(/])")
"""A file as people write it: ``utils.py``, ``src/app/main.rs``; no call of a method."""
_CLAUSES: Final = re.compile(r"(?<=[.;])\s+|,\s+(?:and\s+)?(?:then\s+)?|\s+and\s+(?=\w+\s)")

_DOES: Final = re.compile(
    r"(?:let|make|have|use|call|raise|return|export|register|show|print|pass|store|check|replace"
    r"|remove|rename|change|extend|update|handle|catch|log|give|add|write)\b",
    re.IGNORECASE,
)
"""How a clause begins that asks for something: others only say what a thing is like."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        title: What is done.
        files: Which files it changes or makes; empty where that is left to the model.
    """

    title: str
    files: tuple[str, ...] = ()

    def line(self) -> str:
        """Return it as a person writes it: ``Add a discount [shop.py]``."""
        return f"{self.title} [{', '.join(self.files)}]" if self.files else self.title


def read_steps(text: str) -> list[Step]:
    """Return the steps of a text with one a line; numbers, dashes and ticks before them may stand.

    Raises:
        BadInput: There are too many, or one names a file outside of the folder.
    """
    steps = [step for line in text.splitlines() if (step := read_step(line)) is not None]
    if len(steps) > MOST_STEPS:
        raise BadInput(
            f"{len(steps)} steps are too many; the limit is {MOST_STEPS}.",
            "Merge some, or do the rest afterwards.",
        )
    return steps


def read_step(line: str) -> Step | None:
    """Return the step of a line; None for a blank one.

    Raises:
        BadInput: It names a file outside of the folder.
    """
    match = _LINE.fullmatch(line.strip())
    title = match["title"][:_TITLE_CHARS] if match else ""
    if match is None or not title:
        return None
    names = [name.strip() for name in (match["files"] or "").split(",")]
    return Step(title, tuple(relative(name) for name in names if name))


def steps_of(rows: Any) -> list[Step]:
    """Return the steps from a task's ``title`` and ``files`` rows; skip malformed ones."""
    return [
        Step(title, tuple(str(path) for path in row.get("files") or ()))
        for row in (rows if isinstance(rows, Iterable) else ())
        if isinstance(row, Mapping) and (title := str(row.get("title") or "").strip())
    ]


def files_named(request: str, available: Sequence[str]) -> list[str]:
    """Return the files that a request names: those that are there, then new ones.

    A name that several files have is none; a new file has the suffix of one that is there.
    """
    there: dict[str, list[str]] = {}
    for name in _FILE.findall(request):
        there[name] = [path for path in available if path == name or path.endswith(f"/{name}")]
    unique = [paths[0] for paths in there.values() if len(paths) == 1]
    new = [name for name, paths in there.items() if not paths and _alike(name, available)]
    return list(dict.fromkeys([*unique, *(placed(name, unique, available) for name in new)]))


def placed(path: str, beside: Sequence[str], available: Sequence[str]) -> str:
    """Return where a new file goes that was named without a folder.

    That is beside the first file of its suffix that it belongs to, else where such files lie: at
    the top, if any does.
    """
    if "/" in path:
        return path
    near = _alike(path, beside)
    if not near and any("/" not in candidate for candidate in _alike(path, available)):
        return path
    folder = str(PurePosixPath([*near, *_alike(path, available), path][0]).parent)
    return path if folder == "." else f"{folder}/{path}"


def _alike(path: str, others: Sequence[str]) -> list[str]:
    """Return those of the same suffix."""
    suffix = PurePosixPath(path).suffix
    return [other for other in others if other.endswith(suffix)]


def missed(steps: Sequence[Step], request: str, named: Sequence[str]) -> list[Step]:
    """Return a step with its clause for each file named in a request but in no step.

    Where the same clause names a file of another step, the file is only used there.
    """
    if any(not step.files for step in steps):
        return []
    taken = {PurePosixPath(path).name for step in steps for path in step.files}
    clauses = [" ".join(clause.split()) for clause in _CLAUSES.split(request)]
    result = []
    for path in named:
        name = PurePosixPath(path).name
        says = next((clause for clause in clauses if name in clause), request)
        if not any(other in says for other in taken):
            title = says.strip(" .")[:_TITLE_CHARS]
            result.append(Step(title[:1].upper() + title[1:], (path,)))
    return result


def with_definitions(
    steps: Sequence[Step], request: str, defining: Mapping[str, str]
) -> list[Step]:
    """Move changes of a definition into the step of its file.

    A step that names the definition moves there, even from a file of another step; a clause of the
    request about it that no step covers becomes a step.

    Args:
        defining: Name → path of definitions that the request names.
    """
    result = list(steps)
    if any(not step.files for step in result):
        return result
    clauses = [" ".join(clause.split()) for clause in _CLAUSES.split(request)]
    for name, path in defining.items():
        if any(path in step.files for step in result):
            continue
        word = re.compile(rf"\b{re.escape(name)}\b")
        astray = [
            number
            for number, step in enumerate(result)
            if word.search(step.title) and _is_crowded(step, result)
        ]
        says = next((clause for clause in clauses if word.search(clause)), "")
        if astray:
            result[astray[-1]] = replace(result[astray[-1]], files=(path,))
        elif _DOES.match(says) and not _names_any(says, result):
            title = says.strip(" .")[:_TITLE_CHARS]
            result.append(Step(title[:1].upper() + title[1:], (path,)))
    return result


def _is_crowded(step: Step, steps: Sequence[Step]) -> bool:
    """Whether other steps take all of its files, too, and it names none of them."""
    taken = {path for other in steps if other is not step for path in other.files}
    names = any(PurePosixPath(path).name in step.title for path in step.files)
    return not names and taken.issuperset(step.files)


def _names_any(clause: str, steps: Sequence[Step]) -> bool:
    return any(PurePosixPath(path).name in clause for step in steps for path in step.files)
