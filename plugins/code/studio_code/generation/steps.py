"""The steps of a plan: as data, and as the lines that a person reads and writes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.api import BadInput
from studio_code.source import relative

MOST_STEPS: Final = 20
_LINE: Final = re.compile(
    r"(?:\d+[.)]\s+|[-*]\s+)?(?:\[[ xX]\]\s+)?(?P<title>.*?)\s*(?:\[(?P<files>[^\]]*)\])?"
)
_TITLE_CHARS: Final = 400


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
    found = [step for line in text.splitlines() if (step := read_step(line)) is not None]
    if len(found) > MOST_STEPS:
        raise BadInput(
            f"{len(found)} steps are too many; the limit is {MOST_STEPS}.",
            "Merge some, or do the rest afterwards.",
        )
    return found


def read_step(line: str) -> Step | None:
    """Return the step of a line; None for a blank one.

    Raises:
        BadInput: It names a file outside of the folder.
    """
    found = _LINE.fullmatch(line.strip())
    title = found["title"][:_TITLE_CHARS] if found else ""
    if found is None or not title:
        return None
    names = [name.strip() for name in (found["files"] or "").split(",")]
    return Step(title, tuple(relative(name) for name in names if name))


def steps_of(rows: Any) -> list[Step]:
    """Return the steps that a task told as ``title`` and ``files``; bears anything."""
    return [
        Step(title, tuple(str(path) for path in row.get("files") or ()))
        for row in (rows if isinstance(rows, Iterable) else ())
        if isinstance(row, Mapping) and (title := str(row.get("title") or "").strip())
    ]
