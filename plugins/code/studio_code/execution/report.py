"""Read reports of the programs inside the sandbox, within bounds. Lines may be forged."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from studio_code.execution.clean_output import cleaned

MAX_BYTES: Final = 8 << 20
MAX_LINES: Final = 5000
MAX_TEXT: Final = 4000
UNFAILING: Final = "This test also passes when it asks for something else, so it shows nothing."
_OUTCOMES: Final = ("passed", "failed", "error", "skipped")


@dataclass(frozen=True)
class Outcome:
    """Outcome of one test.

    Attributes:
        name: ``test_file.py::test_name``.
        outcome: ``passed``, ``failed``, ``error`` or ``skipped``.
        line: Line in the test file, from 1; 0 if unknown.
    """

    name: str
    outcome: str
    message: str = ""
    line: int = 0


@dataclass(frozen=True)
class Coverage:
    """Which lines of a file were reached."""

    path: str
    lines: int
    missing: tuple[int, ...] = ()

    @property
    def covered(self) -> int:
        """How many were reached."""
        return self.lines - len(self.missing)


@dataclass(frozen=True)
class Report:
    """All that was written down.

    Attributes:
        whole: The run came to its end; otherwise something ended it before.
        noticed: Number of a faulty version → whether a test noticed.
        given: Number of a version → what it gives for each probe.
    """

    outcomes: tuple[Outcome, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    noticed: dict[int, bool] = field(default_factory=dict)
    whole: bool = False
    given: dict[int, tuple[str, ...]] = field(default_factory=dict)


class _Line(msgspec.Struct, frozen=True):
    event: str
    name: str = ""
    outcome: str = ""
    message: str = ""
    path: str = ""
    names: list[str] = []
    line: int = 0
    lines: int = 0
    missing: list[int] = []
    number: int = -1
    noticed: bool = False


def read(data: bytes, expected: Sequence[str] = (), control: Collection[str] = ()) -> Report:
    """Parse the report in ``data``; skip lines of any other format.

    A collected test without an outcome, and a test of ``expected`` that was not collected, count as
    errors: code that ends the run early gains nothing.

    Args:
        expected: Prefixes of test names; each must occur.
        control: Prefixes of names of tests that also ran with altered expectations. A test that
            passed both is an error.
    """
    outcomes: dict[str, Outcome] = {}
    collected: list[str] = []
    coverage: dict[str, Coverage] = {}
    noticed: dict[int, bool] = {}
    given: dict[int, tuple[str, ...]] = {}
    whole = False
    unfailing: list[str] = []
    for line in map(_parsed, data[:MAX_BYTES].split(b"\n", MAX_LINES)[:MAX_LINES]):
        if line is None or whole:
            continue
        if line.event == "collected":
            collected = line.names[:MAX_LINES]
        elif line.event == "test" and line.outcome in _OUTCOMES:
            _take(outcomes, line)
        elif line.event == "coverage":
            coverage[line.path] = _coverage(line)
        elif line.event == "version":
            noticed.setdefault(line.number, line.noticed)
        elif line.event == "outcomes":
            given.setdefault(line.number, tuple(line.names[:MAX_LINES]))
        elif line.event == "control":
            unfailing = line.names[:MAX_LINES]
        elif line.event == "end":
            whole = True
    _add_missing(outcomes, collected, expected)
    for name in map(_one_line, unfailing):
        outcome = outcomes.get(name)
        if (
            outcome
            and outcome.outcome == "passed"
            and any(_is_of(name, prefix) for prefix in control)
        ):
            outcomes[name] = Outcome(name, "error", UNFAILING, outcome.line)
    tests, reached = tuple(outcomes.values()), tuple(coverage.values())
    return Report(tests, reached, noticed, whole, given)


def _parsed(line: bytes) -> _Line | None:
    try:
        return msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, RecursionError):
        return None


def _take(outcomes: dict[str, Outcome], line: _Line) -> None:
    """Record the worst outcome reported for a test."""
    name = _one_line(line.name)
    earlier = outcomes.get(name)
    if earlier is None or earlier.outcome == "passed":
        message = cleaned(line.message[:MAX_TEXT])
        outcomes[name] = Outcome(name, line.outcome, message, max(0, line.line))


def _coverage(line: _Line) -> Coverage:
    total = min(max(0, line.lines), 1_000_000)
    missing = tuple(sorted({number for number in line.missing if number > 0}))[:total]
    return Coverage(line.path[:MAX_TEXT], total, missing)


def _add_missing(
    outcomes: dict[str, Outcome], collected: Sequence[str], expected: Sequence[str]
) -> None:
    for name in map(_one_line, collected):
        if name not in outcomes:
            outcomes[name] = Outcome(name, "error", "The run ended before this test finished.")
    for name in expected:
        if not any(_is_of(reported, name) for reported in outcomes):
            outcomes[name] = Outcome(name, "error", "This test was not run.")


def _is_of(reported: str, name: str) -> bool:
    return reported == name or reported.startswith((f"{name}[", f"{name}::"))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", cleaned(text[:4000]))[:400]
