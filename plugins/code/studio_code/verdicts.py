"""Verdicts on code: plain data for programs, words for people. Judges no style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from studio.api import Check, Verdict, as_parts
from studio_code.evidence.agreement import Agreement
from studio_code.execution.mutation import Mutation
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.report import Coverage
from studio_code.execution.sandbox_run import Ran

ENOUGH_LINES: Final = 0.5
ENOUGH_NOTICED: Final = 0.5
"""Tests that reach fewer lines, or notice fewer faults, show too little for a check to hold."""


class State(StrEnum):
    """State of the evidence about code."""

    VERIFIED = "verified"
    OWN_TESTS = "own tests"
    DOUBTFUL = "doubtful"
    FAILED = "failed"
    UNTESTABLE = "cannot be tested"
    RAN = "ran"
    NOT_RUN = "not run"


_WORDS: Final[Mapping[str, str]] = {
    State.VERIFIED: "passes your examples, and independent versions agree",
    State.OWN_TESTS: "passes its own tests",
    State.DOUBTFUL: "doubtful",
    State.FAILED: "failed",
    State.UNTESTABLE: "cannot be tested",
}


@dataclass(frozen=True)
class Standing:
    """A state, and why it is no better one; empty where the checks say that."""

    state: State
    why: str = ""


def not_run(why: str) -> dict[str, Any]:
    """Return the verdict on code that was not run."""
    return _plain(checks=[_check("Runs", False, f"not run: {why}")])


def of_program(ran: Ran, problem: str = "", standing: Standing | None = None) -> dict[str, Any]:
    """Return the verdict on a program that was run without tests."""
    succeeded = ran.result.succeeded and not problem
    state = standing or Standing(State.RAN if succeeded else State.FAILED)
    checks = [_check("Runs", succeeded, problem or ran.ending)]
    if state.why:
        checks.append(_check("Tests", False, state.why))
    return _plain(
        state=state.state,
        reason=str(state.why),
        reason_parts=as_parts(state.why),
        passed=succeeded and state.state is State.RAN,
        ran=True,
        tier=ran.result.tier,
        seconds=ran.result.seconds,
        checks=checks,
    )


def of_tests(
    tested: SuiteOutcome,
    mutation: Mutation | None = None,
    standing: Standing | None = None,
    *,
    aside: str = "",
    set_aside: int = 0,
) -> dict[str, Any]:
    """Return the verdict on code that was tested.

    Args:
        standing: What is known by more than these tests; without it, a person wrote them.
        aside: Which tests were set aside and why, in words; ``set_aside``: how many.
    """
    counts, coverage, result = tested.counts, tested.coverage, tested.ran.result
    state = standing or Standing(State.VERIFIED if tested.passed else State.FAILED)
    total = sum(counts.values())
    failed = total - counts["passed"]
    text = f"{counts['passed']}/{total} tests{aside}"
    if failed:
        text = f"{failed} of {total} tests failed{aside}"
    checks = [
        _check("Runs", result.ended == "exit" and tested.report.whole, _ending(tested)),
        _check("Tests", tested.passed, text),
    ]
    if coverage.lines:
        share = coverage.covered / coverage.lines
        text = f"{share:.0%} lines"
        checks.append(_check("Line coverage", is_covered(coverage), text))
    if mutation is not None and mutation.tried:
        checks.append(
            _check(
                "Mutants found", is_sharp(mutation), f"{mutation.killed}/{mutation.tried} mutants"
            )
        )
    if state.why:
        checks.append(_check("Verified", False, state.why))
    return _plain(
        state=state.state,
        reason=str(state.why),
        reason_parts=as_parts(state.why),
        passed=state.state is State.VERIFIED,
        doubtful=state.state is State.DOUBTFUL,
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


def is_covered(coverage: Coverage) -> bool:
    """Return whether tests reach enough lines; where none were measured, that is not known."""
    return coverage.covered >= ENOUGH_LINES * coverage.lines


def is_sharp(mutation: Mutation | None) -> bool:
    """Return whether tests notice enough faults; where none were tried, that is not known."""
    return (
        mutation is None or not mutation.tried or mutation.killed >= ENOUGH_NOTICED * mutation.tried
    )


def with_agreement(verdict: dict[str, Any], agreed: Agreement) -> dict[str, Any]:
    """Return the verdict with how versions agree that were written apart."""
    text = f"{agreed.agreeing} of {agreed.versions} versions agree on {agreed.probes} inputs"
    if agreed.differs and not agreed.holds:
        text = f"{text}; {agreed.differs}"
    if agreed.reference:
        text = f"{text}, as does Python's {agreed.reference}"
    row = {
        "versions": agreed.versions,
        "agreeing": agreed.agreeing,
        "inputs": agreed.probes,
        "differs": agreed.differs,
        "reference": agreed.reference,
    }
    checks = [*verdict["checks"], _check("Independent versions", agreed.holds, text)]
    return {**verdict, "agreement": row, "checks": checks}


def with_requirements(verdict: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the verdict with the requirements of the request, each with its test."""
    checks = list(verdict["checks"])
    for kind, name in (("example", "Your examples"), ("rule", "Rules")):
        own = [row for row in rows if row["kind"] == kind]
        good = sum(bool(row["passed"]) for row in own)
        if own:
            words = f"{good}/{len(own)} {kind}{'s' if len(own) > 1 else ''}"
            checks.append(_check(name, good == len(own), words))
    return {**verdict, "requirements": list(rows), "checks": checks}


def with_check(verdict: dict[str, Any], name: str, passed: bool, evidence: str) -> dict[str, Any]:
    """Return the verdict with one more check, which it needs to pass."""
    checks = [*verdict["checks"], _check(name, passed, evidence)]
    return {**verdict, "checks": checks, "passed": verdict["passed"] and passed}


def in_words(verdict: dict[str, Any]) -> Verdict:
    """Return the same as the library keeps it."""
    return Verdict(tuple(Check(**check) for check in verdict["checks"]))


def summary(verdict: dict[str, Any]) -> str:
    """Return the state and the evidence in one line: ``passes its own tests: 7/7 tests, …``."""
    parts = [
        check["evidence"]
        for check in verdict["checks"]
        if check["name"] != "Runs" or not check["passed"]
    ]
    evidence = ", ".join(parts) or verdict["checks"][0]["evidence"]
    words = _WORDS.get(verdict["state"])
    if verdict["state"] == State.VERIFIED:
        agreed = verdict["agreement"]
        if agreed.get("reference"):
            words = f"independent versions and Python's {agreed['reference']} agree"
        elif not agreed["versions"]:
            words = "passes your tests"
    return f"{words}: {evidence}" if words else evidence


def _ending(tested: SuiteOutcome) -> str:
    result = tested.ran.result
    if result.ended == "exit" and tested.report.whole:
        kind = "full" if result.tier == "A" else "limited"
        return f"in {result.seconds:.1f} s in the {kind} sandbox"
    return tested.ran.ending


def _mutants(mutation: Mutation | None) -> dict[str, Any]:
    if mutation is None:
        return {"made": 0, "killed": 0, "survived": []}
    survived = [{"line": mutant.line, "what": mutant.what} for mutant in mutation.survived]
    return {"made": mutation.tried, "killed": mutation.killed, "survived": survived}


def _check(name: str, passed: bool, evidence: str) -> dict[str, Any]:
    return {"name": name, "passed": passed, "evidence": str(evidence)}


def _plain(**values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "state": State.NOT_RUN,
        "reason": "",
        "reason_parts": "",
        "passed": False,
        "doubtful": False,
        "ran": False,
        "tests": {"passed": 0, "failed": 0, "errors": 0},
        "set_aside": 0,
        "requirements": [],
        "agreement": {"versions": 0, "agreeing": 0, "inputs": 0, "differs": "", "reference": ""},
        "coverage": {"lines": 0, "covered": 0, "missing": []},
        "mutants": _mutants(None),
        "tier": "",
        "seconds": 0.0,
        "checks": [],
    }
    fields = {**empty, **values}
    return {**fields, "state": str(fields["state"]), "seconds": round(fields["seconds"], 3)}
