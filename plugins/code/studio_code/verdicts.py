"""What was shown about code: as plain data for programs, in words for people. Judges no style."""

from __future__ import annotations

from typing import Any, Final

from studio.api import Check, Verdict
from studio_code.execution.mutation import Mutation
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.sandbox_run import Ran

ENOUGH_LINES: Final = 0.5
ENOUGH_NOTICED: Final = 0.5
"""Tests that reach fewer lines, or notice fewer faults, show too little for a check to hold."""


def not_run(why: str) -> dict[str, Any]:
    """Return the verdict on code that was not run."""
    return _plain(checks=[_check("Runs", False, f"not run: {why}")])


def of_program(ran: Ran, problem: str = "") -> dict[str, Any]:
    """Return the verdict on a program that was run without tests."""
    passed = ran.result.succeeded and not problem
    checks = [_check("Runs", passed, problem or ran.ending)]
    return _plain(
        passed=passed, ran=True, tier=ran.result.tier, seconds=ran.result.seconds, checks=checks
    )


def of_tests(
    tested: SuiteOutcome,
    mutation: Mutation | None = None,
    *,
    aside: str = "",
    problem: str = "",
    doubt: str = "",
    set_aside: int = 0,
) -> dict[str, Any]:
    """Return the verdict on code that was tested.

    Args:
        aside: Which tests were set aside and why, in words; ``set_aside``: how many.
        problem: What is wrong although the tests pass.
        doubt: Why it is not known whether the code works although the tests pass.
    """
    counts, coverage, result = tested.counts, tested.coverage, tested.ran.result
    total = sum(counts.values())
    failed = total - counts["passed"] + (set_aside if doubt else 0)
    told = f"{counts['passed']}/{total} tests{aside}"
    if failed:
        told = f"failed {failed} of {total + (set_aside if doubt else 0)} tests{aside}"
    checks = [
        _check("Runs", result.ended == "exit" and tested.report.whole, _ending(tested)),
        _check("Tests", tested.passed, told),
    ]
    if coverage.lines:
        share = coverage.covered / coverage.lines
        checks.append(
            _check("Line coverage", share >= ENOUGH_LINES, f"{share:.0%} lines".replace("%", " %"))
        )
    if mutation is not None and mutation.tried:
        noticed = mutation.killed >= ENOUGH_NOTICED * mutation.tried
        checks.append(
            _check("Mutants found", noticed, f"{mutation.killed}/{mutation.tried} mutants")
        )
    if problem:
        checks.append(_check("Complete", False, problem))
    if doubt:
        checks.append(_check("Agreement", False, doubt))
    return _plain(
        passed=tested.passed and not problem and not doubt,
        doubtful=tested.passed and not problem and bool(doubt),
        ran=True,
        tests=counts,
        set_aside=set_aside,
        coverage={
            "lines": coverage.lines,
            "covered": coverage.covered,
            "missing": list(coverage.missing),
        },
        mutants=_mutants(mutation),
        tier=result.tier,
        seconds=result.seconds,
        checks=checks,
    )


def with_check(verdict: dict[str, Any], name: str, passed: bool, evidence: str) -> dict[str, Any]:
    """Return the verdict with one more check, which it needs to pass."""
    checks = [*verdict["checks"], _check(name, passed, evidence)]
    return {**verdict, "checks": checks, "passed": verdict["passed"] and passed}


def in_words(verdict: dict[str, Any]) -> Verdict:
    """Return the same as the library keeps it."""
    return Verdict(tuple(Check(**check) for check in verdict["checks"]))


def summary(verdict: dict[str, Any]) -> str:
    """Return the evidence in one line: ``7/7 tests, 92 % lines``."""
    told = [
        check["evidence"]
        for check in verdict["checks"]
        if check["name"] != "Runs" or not check["passed"]
    ]
    return ", ".join(told) or verdict["checks"][0]["evidence"]


def _ending(tested: SuiteOutcome) -> str:
    result = tested.ran.result
    if result.ended == "exit" and tested.report.whole:
        return f"in {result.seconds:.1f} s in a sandbox (tier {result.tier})"
    return tested.ran.ending


def _mutants(mutation: Mutation | None) -> dict[str, Any]:
    if mutation is None:
        return {"made": 0, "killed": 0, "survived": []}
    survived = [{"line": each.line, "what": each.what} for each in mutation.survived]
    return {"made": mutation.tried, "killed": mutation.killed, "survived": survived}


def _check(name: str, passed: bool, evidence: str) -> dict[str, Any]:
    return {"name": name, "passed": passed, "evidence": evidence}


def _plain(**known: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "passed": False,
        "doubtful": False,
        "ran": False,
        "tests": {"passed": 0, "failed": 0, "errors": 0},
        "set_aside": 0,
        "coverage": {"lines": 0, "covered": 0, "missing": []},
        "mutants": _mutants(None),
        "tier": "",
        "seconds": 0.0,
        "checks": [],
    }
    found = {**empty, **known}
    return {**found, "seconds": round(found["seconds"], 3)}
