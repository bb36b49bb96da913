"""What a bench has measured, kept in a file, so that a run goes on where it was ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec


class Line(msgspec.Struct, frozen=True):
    """What came of one task.

    Attributes:
        task_id: Which one.
        setting: Weights and sampling; lines of another setting are of another run.
    """

    task_id: str
    setting: str


L = TypeVar("L", bound=Line)


class RunLog(Generic[L]):
    """The lines of one setting.

    Attributes:
        done: Task → its line, now or before.
    """

    def __init__(self, path: Path, kind: type[L], setting: str) -> None:
        """Read what is there (JSON lines of ``kind``)."""
        self._path, self._kind = path, kind
        self.done = {line.task_id: line for line in self._lines() if line.setting == setting}

    def add(self, line: L) -> None:
        """Keep a line; it is in the file when this returns."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
        self.done[line.task_id] = line

    def _lines(self) -> Iterator[L]:
        """Yield what is kept; a last line that was cut off is none."""
        for line in self._path.read_bytes().splitlines() if self._path.exists() else ():
            try:
                yield msgspec.json.decode(line, type=self._kind)
            except msgspec.DecodeError:
                continue
