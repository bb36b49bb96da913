"""Evidence about a piece of code, parsed defensively from a task's verdict. Data only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import SavedArtifact

_MOST = 500
"""Of a list that comes from outside."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    evidence: str = ""


@dataclass(frozen=True)
class Survivor:
    """A fault that was put in and that no test noticed."""

    line: int
    what: str


@dataclass(frozen=True)
class FileCoverage:
    """Which lines of one file tests reached."""

    path: str
    lines: int
    covered: int
    missing: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Outcome of one test; ``outcome`` is passed, failed, error or skipped."""

    name: str
    outcome: str
    message: str = ""
    line: int = 0

    @property
    def path(self) -> str:
        """The file it stands in; empty where its name does not say."""
        head, parted, _ = self.name.partition("::")
        return head if parted else ""

    @property
    def title(self) -> str:
        """Its name without its file."""
        return self.name.partition("::")[2] or self.name


@dataclass(frozen=True)
class Try:
    """One attempt of the model."""

    candidate: int
    round: int
    code: str
    tests: str
    passed: bool
    summary: str
    output: str


@dataclass(frozen=True)
class Requirement:
    """Requirement stated in a request, an ``example`` or ``rule``, and its test; empty for none."""

    text: str
    kind: str
    test: str
    passed: bool


LEVELS = {
    "verified": "good",
    "ran": "good",
    "own tests": "accent",
    "doubtful": "warn",
    "cannot be tested": "warn",
    "failed": "bad",
}
"""The state of code → the colour of what speaks of it."""


@dataclass(frozen=True)
class Evidence:
    """All that the chip and its sheet show.

    Attributes:
        state: What is known of it; see ``studio_code.verdicts``. Empty for what does not say.
        reason: Why it is in no better state, as ``studio.api.as_parts`` has it.
        versions, agreeing, inputs: How many were compared, and agree with it, on how many inputs.
        reference: What of Python's own gives the same; empty for none.
        ran: Whether anything was run at all.
        aside: Generated tests that it failed and that do not count, for most answers failed them.
        lines, covered: Of the code, in tests; both 0 where that was not measured.
        missing: Lines that no test reached.
        made, killed: Faults that were put in, and those that tests noticed.
        tier: Tier of the sandbox it ran in; empty where nothing ran.
    """

    state: str = ""
    reason: str | Mapping[str, Any] = ""
    requirements: tuple[Requirement, ...] = ()
    versions: int = 0
    agreeing: int = 0
    inputs: int = 0
    reference: str = ""
    passed: bool = False
    ran: bool = False
    tests_passed: int = 0
    tests_failed: int = 0
    errors: int = 0
    aside: int = 0
    lines: int = 0
    covered: int = 0
    missing: tuple[int, ...] = ()
    made: int = 0
    killed: int = 0
    survived: tuple[Survivor, ...] = ()
    tier: str = ""
    seconds: float = 0.0
    checks: tuple[Check, ...] = ()
    tries: tuple[Try, ...] = ()
    rows: tuple[Outcome, ...] = ()
    files: tuple[FileCoverage, ...] = ()
    code: str = ""
    tests: str = ""
    path: str = ""
    language: str = "python"

    @property
    def tests_total(self) -> int:
        """Tests that passed or did not."""
        return self.tests_passed + self.tests_failed + self.errors

    @property
    def percent(self) -> int:
        """Share of lines that tests reached; never 100 unless all of them."""
        return int(100 * self.covered / self.lines) if self.lines else 0

    @property
    def level(self) -> str:
        """``good``: it holds; ``bad``: it does not; ``accent``: by tests of its own, ``warn``: not
        known."""
        if self.state in LEVELS:
            return LEVELS[self.state]
        if self.passed and self.ran:  # an old result: what was green then was not compared
            return "accent"
        bad_check = any(not check.passed for check in self.checks)
        return "bad" if self.ran or bad_check else "warn"


def read_evidence(
    verdict: Mapping[str, Any],
    *,
    tries: Iterable[Any] = (),
    code: str = "",
    tests: str = "",
    path: str = "",
    language: str = "python",
) -> Evidence:
    """Return the evidence in a verdict; treat malformed fields as missing."""
    counts = _mapping(verdict.get("tests"))
    coverage, mutants = _mapping(verdict.get("coverage")), _mapping(verdict.get("mutants"))
    survived = (_mapping(row) for row in _list(mutants.get("survived")))
    checks = (_mapping(row) for row in _list(verdict.get("checks")))
    agreed = _mapping(verdict.get("agreement"))
    stated = (_mapping(row) for row in _list(verdict.get("requirements")))
    return Evidence(
        state=str(verdict.get("state") or ("doubtful" if verdict.get("doubtful") is True else "")),
        reason=_sentence(verdict.get("reason_parts")) or str(verdict.get("reason") or ""),
        requirements=tuple(
            Requirement(
                str(row.get("text", "")),
                str(row.get("kind", "")),
                str(row.get("test", "")),
                row.get("passed") is True,
            )
            for row in stated
        ),
        versions=_number(agreed.get("versions")),
        agreeing=_number(agreed.get("agreeing")),
        inputs=_number(agreed.get("inputs")),
        reference=str(agreed.get("reference") or ""),
        passed=verdict.get("passed") is True,
        ran=verdict.get("ran") is True,
        tests_passed=_number(counts.get("passed")),
        tests_failed=_number(counts.get("failed")),
        errors=_number(counts.get("errors")),
        aside=_number(verdict.get("set_aside")),
        lines=_number(coverage.get("lines")),
        covered=_number(coverage.get("covered")),
        missing=tuple(_number(line) for line in _list(coverage.get("missing"), 5000)),
        made=_number(mutants.get("made")),
        killed=_number(mutants.get("killed")),
        survived=tuple(
            Survivor(_number(row.get("line")), str(row.get("what", ""))) for row in survived
        ),
        tier=str(verdict.get("tier") or ""),
        seconds=_seconds(verdict.get("seconds")),
        checks=tuple(
            Check(str(c.get("name", "")), c.get("passed") is True, str(c.get("evidence", "")))
            for c in checks
        ),
        tries=tuple(_try(_mapping(row)) for row in tries)[:_MOST],
        code=code,
        tests=tests,
        path=path,
        language=language,
    )


def evidence_of_run(result: Mapping[str, Any], path: str) -> Evidence:
    """Return the evidence from a test run."""
    rows = outcomes(result)
    counts = [row.outcome for row in rows]
    coverage = _mapping(result.get("coverage"))
    clean = result.get("ended") == "exit" and result.get("exit_code") == 0
    # A test that passes when it asks for something else, too, is an error though the run ends well.
    is_shown = clean and "passed" in counts and not {"failed", "error"} & set(counts)
    return Evidence(
        state="verified" if is_shown else "not run" if set(counts) == {"skipped"} else "failed",
        passed=is_shown,
        ran=True,
        tests_passed=counts.count("passed"),
        tests_failed=counts.count("failed"),
        errors=counts.count("error"),
        lines=_number(coverage.get("lines")),
        covered=_number(coverage.get("covered")),
        missing=tuple(_number(line) for line in _list(coverage.get("missing"), 5000)),
        tier=str(result.get("tier") or ""),
        seconds=_seconds(result.get("seconds")),
        rows=rows,
        files=tuple(_file(_mapping(item)) for item in _list(coverage.get("files"))),
        path=path,
    )


def evidence_of_artifact(artifact: SavedArtifact, code: str) -> Evidence:
    """Return the evidence stored in the library for a piece of code."""
    meta = artifact.meta
    verdict = _mapping(meta.get("verdict"))
    tries = _list(meta.get("tries"))
    evidence = read_evidence(
        verdict,
        tries=tries,
        code=code,
        tests=str(meta.get("tests") or ""),
        path=str(meta.get("path") or ""),
        language=str(meta.get("language") or "text"),
    )
    if verdict or artifact.verdict is None:
        return evidence
    checks = tuple(Check(c.name, c.passed, c.evidence) for c in artifact.verdict.checks)
    return Evidence(
        passed=artifact.verdict.passed,
        checks=checks,
        tries=evidence.tries,
        code=code,
        tests=evidence.tests,
        path=evidence.path,
        language=evidence.language,
    )


def outcomes(result: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """Return the tests of a run, those that failed first."""
    items = [_mapping(item) for item in _list(result.get("tests"), 5000)]
    rows = [
        Outcome(
            str(item.get("name", "")),
            str(item.get("outcome", "")),
            str(item.get("message") or ""),
            _number(item.get("line")),
        )
        for item in items
    ]
    return tuple(sorted(rows, key=lambda row: row.outcome not in ("failed", "error")))


def _file(row: Mapping[str, Any]) -> FileCoverage:
    return FileCoverage(
        str(row.get("path", "")),
        _number(row.get("lines")),
        _number(row.get("covered")),
        tuple(_number(line) for line in _list(row.get("missing"), 5000)),
    )


def _try(row: Mapping[str, Any]) -> Try:
    return Try(
        _number(row.get("candidate")),
        _number(row.get("round")),
        str(row.get("code") or ""),
        str(row.get("tests") or ""),
        row.get("passed") is True,
        str(row.get("summary") or ""),
        str(row.get("output") or ""),
    )


def _sentence(value: Any) -> Mapping[str, Any]:
    """Return the parts of a sentence; nothing where they are none."""
    parts = _mapping(value)
    places = _mapping(parts.get("places"))
    flat = all(isinstance(argument, str | int) for argument in places.values())
    return {"pattern": parts["pattern"], "places": places} if "pattern" in parts and flat else {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any, most: int = _MOST) -> list[Any]:
    return list(value[:most]) if isinstance(value, list | tuple) else []


def _number(value: Any) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return max(0, value) if is_count else 0


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value == value else 0.0
