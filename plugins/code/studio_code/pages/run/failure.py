"""Failure of a run, passed on to be fixed: the file at fault, the output, its tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from studio_code.generation.case_forms import is_test
from studio_code.pages.evidence.evidence import Outcome, outcomes
from studio_code.pages.run.problems import Problem, gist, place_in, problems

_MOST = 8_000
"""Characters of an error that are handed on: its end says what went wrong."""


@dataclass(frozen=True)
class RunFailure:
    """Fault as ``code.fix`` takes it.

    Attributes:
        path: The file to correct.
        tests: Source of the failed tests; empty if a program failed.
    """

    path: str
    error: str
    tests: str = ""


def failed(result: Mapping[str, Any]) -> bool:
    """Whether a run did not end as it should."""
    bad = any(row.outcome in ("failed", "error") for row in outcomes(result))
    return bad or result.get("ended") != "exit" or result.get("exit_code") != 0


def problems_of(result: Mapping[str, Any], texts: Mapping[str, str]) -> list[Problem]:
    """Return the problems with their places: failed tests, else errors in the output."""
    failed = [
        Problem(*_place(row, texts), f"{row.title}: {gist(row.message)}")
        for row in outcomes(result)
        if row.outcome in ("failed", "error")
    ]
    return failed or problems(_printed(result), texts)


def fault_of(result: Mapping[str, Any], path: str, texts: Mapping[str, str]) -> RunFailure:
    """Return the fault to fix after a run of ``path``.

    Args:
        texts: Relative path → text of the files passed to the run.
    """
    bad = [row for row in outcomes(result) if row.outcome in ("failed", "error")]
    messages = "\n\n".join(f"{row.name}\n{row.message}" for row in bad)
    error = (messages or _printed(result) or str(result.get("note") or ""))[-_MOST:]
    test_paths = list(dict.fromkeys(row.path for row in bad if row.path in texts))
    tests = texts[test_paths[0]] if test_paths else ""
    return RunFailure(_at_fault(error, path, texts), error, tests)


def _at_fault(error: str, path: str, texts: Mapping[str, str]) -> str:
    """Return the innermost file of a traceback that is no test, or the one that tests are for."""
    places = (place_in(line, texts) for line in error.splitlines())
    named = [place[0] for place in places if place is not None and not is_test(place[0])]
    if named:
        return named[-1]
    if is_test(path):
        subject = PurePosixPath(path).stem.removeprefix("test_").removesuffix("_test")
        subject = subject.removesuffix(".test").removesuffix("Test")
        fitting: Sequence[str] = [t for t in texts if PurePosixPath(t).stem == subject]
        return fitting[0] if fitting else path
    return path


def _place(row: Outcome, texts: Mapping[str, str]) -> tuple[str, int]:
    return (row.path, row.line) if row.path in texts else ("", 0)


def _printed(result: Mapping[str, Any]) -> str:
    error, output = str(result.get("stderr") or ""), str(result.get("stdout") or "")
    return error if error.strip() else output
