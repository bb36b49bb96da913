"""Judge written code: compare versions by running them, and derive its state.

Tests and code of one model agree with each other, not with the request. So only requirements
stated in the request, and agreement of versions written independently, make a verdict green.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from studio.api import Event, TaskContext, sentence
from studio_code import verdicts
from studio_code.evidence.agreement import Agreement
from studio_code.evidence.probes import Probe, probes_of
from studio_code.evidence.references import reference
from studio_code.evidence.rule_tests import rule_cases
from studio_code.evidence.rules import written_cases
from studio_code.evidence.testability import untestable
from studio_code.execution.comparison import compare
from studio_code.generation import candidate_choice
from studio_code.generation.cases import Case, Suite, read_suite, renamed
from studio_code.generation.examples import examples
from studio_code.generation.suite import names_in
from studio_code.tasks.candidate import Candidate
from studio_code.tasks.write_state import WriteState
from studio_code.verdicts import Standing, State


def stated_suite(work: WriteState, names: Sequence[str], written: str = "") -> Suite:
    """Return tests of the requirements in a request, then others that a model has ``written``."""
    stated = examples(work.params.prompt, names)
    others = read_suite(written, names) if written else Suite()
    probes = probes_of((stated + others).cases, names, work.params.prompt)
    calls = sorted((item for item in probes if not item.near), key=lambda item: not item.stated)
    by_model = {case.rule: case for case in written_cases(written, work.rules, _lines(stated))}
    ruled: list[Case] = []
    for rule in work.rules:
        own = rule_cases(rule, work.params.prompt, calls, names, work.exam.module)
        own = own or ([by_model[rule]] if rule in by_model else [])
        ruled += [Case(case.name, case.text, case.trusted, rule) for case in own]
    numbered = [renamed(case, f"test_rule_{n}") for n, case in enumerate(ruled, 1)]
    return stated + Suite((), tuple(numbered)) + others


def _lines(suite: Suite) -> set[str]:
    return {line.strip() for case in suite.cases for line in case.text.split("\n")[1:]}


def run_against_each_other(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Run all tries on the cases and on the probes, each in a process of its own."""
    assert work.best is not None, "something was written"
    names = names_in(work.best.code, "python")
    if not work.probes:
        work.probes = probes_of(work.exam.cases, names, work.params.prompt)
        work.reference = reference(work.params.prompt) if len(names) == 1 else None
    lines = [line for line in work.exam.suite.prelude if "import *" not in line]
    prelude = "\n".join(("import pytest", *lines))  # within a function
    cases = [Probe(f"{prelude}\n{case.text}", f"{case.name}()") for case in work.exam.cases]
    rows = [(item, _called(item, names)) for item in work.attempts if not item.problem]
    versions = [(item.code, called) for item, called in rows if called is not None]
    if work.reference is not None:
        versions.append((work.reference.code, {names[0]: "reference"}))
    files = {item.path: item.text for item in work.exam.files}
    summary = yield from compare(ctx, versions, [*cases, *work.probes], files)
    if work.reference is not None:
        work.expected = tuple(summary.pop()[len(cases) :])
    for attempt, given in zip(
        (a for a, called in rows if called is not None), summary, strict=True
    ):
        passed = zip(work.exam.cases, given, strict=False)
        attempt.passed_names = frozenset(case.name for case, value in passed if value == "None")
        attempt.given = tuple(given[len(cases) :])


def _called(attempt: Candidate, names: Sequence[str]) -> dict[str, str] | None:
    """Return name in tests → name in a version; None where it has nothing to be called so.

    Where the request names nothing, versions choose different names for the one thing they define.
    """
    own = names_in(attempt.code, "python")
    missing = [name for name in names if name not in own]
    if not missing:
        return {}
    return {missing[0]: own[-1]} if len(names) == 1 and own else None


def missed_example(work: WriteState) -> str:
    """Return the stated example that most versions fail, with what the first of them gives."""
    stated = [case for case in work.exam.cases if case.name in work.stated]
    failing = {case: [v for v in work.voters if case.name not in v.passed_names] for case in stated}
    missed = max(stated, key=lambda case: len(failing[case]))
    example = _shown(missed)
    for probe, value in zip(work.probes, failing[missed][0].given, strict=False):
        if example.startswith(f"{probe.expression} ==") and not value.startswith("!"):
            return f"{example} (not {value})"
    return example


def verdict(work: WriteState, best: Candidate) -> dict[str, Any]:
    """Return the verdict on the best try."""
    if best.problem:
        return verdicts.not_run(best.problem)
    if work.missing:
        return verdicts.not_run(work.missing)
    if best.tested is None and best.program is None:
        return verdicts.not_run("stopped before it was run")
    agreed = work.agreement()
    standing = _standing(work, best, agreed)
    if best.tested is None:
        assert best.program is not None
        return verdicts.of_program(best.program, standing=standing)
    aside = candidate_choice.aside_in_words(work.aside, len(work.peers(best)))
    summary = verdicts.of_tests(
        best.tested, work.mutation, standing, aside=aside, set_aside=len(work.aside)
    )
    if work.is_compared:
        summary = verdicts.with_agreement(summary, agreed)
    return verdicts.with_requirements(summary, _requirements(work, best))


def _standing(work: WriteState, best: Candidate, agreed: Agreement) -> Standing:
    """Return the state that code is in, and why."""
    language = work.language.id
    reason = untestable(work.params.prompt, best.code) if language == "python" else ""
    if best.tested is None:
        untried = sentence("no generated test calls this function")
        if not names_in(best.code, language):
            untried = sentence("it defines nothing that a test could call")
        why = reason or untried
        ran = best.program is not None and best.program.result.succeeded
        return Standing(State.UNTESTABLE, why) if ran or reason else Standing(State.FAILED)
    stated = [case for case in work.exam.cases if case.trusted]
    failing = work.failing()
    if reason:
        return Standing(State.UNTESTABLE, reason)
    if not best.tested.passed:
        is_whole = work.is_compared and best.passed_names and best.tested.report.whole
        if not is_whole or not failing or any(case.trusted for case in failing):
            return Standing(State.FAILED)
        if rule := next((case.rule for case in failing if case.rule), ""):
            words = sentence(
                "the test of “{rule}” fails: either it or the code is wrong", rule=rule
            )
        else:
            words = sentence("a test fails: either it or the code is wrong")
        return Standing(State.DOUBTFUL, words)
    if why := candidate_choice.doubt(work.kept_exam().cases, work.aside):
        return Standing(State.DOUBTFUL, why)
    if work.params.tests.strip():
        return Standing(State.VERIFIED)
    if not work.is_compared:
        return Standing(
            State.OWN_TESTS, sentence("examples and versions are compared in Python only")
        )
    if agreed.wrong or agreed.crash:
        return Standing(State.DOUBTFUL, agreed.wrong or agreed.crash)
    if 2 * agreed.agreeing < agreed.versions:
        return Standing(State.DOUBTFUL, sentence("versions differ: {where}", where=agreed.differs))
    if not stated and not agreed.reference:
        return Standing(State.OWN_TESTS, sentence("the request states no example"))
    if not agreed.holds:
        return Standing(State.OWN_TESTS, sentence("too few versions agree"))
    if (disputes := work.disputes()) and not agreed.reference:
        words = sentence("tests that contradict the code: {count}", count=len(disputes))
        return Standing(State.OWN_TESTS, words)
    tested = {case.rule for case in work.exam.cases}
    if lacking := [rule for rule in work.rules if rule not in tested]:
        return Standing(State.OWN_TESTS, sentence("no test of “{rule}”", rule=lacking[0]))
    if not verdicts.is_sharp(work.mutation):
        return Standing(State.OWN_TESTS, sentence("its tests miss most mutants"))
    if not verdicts.is_covered(best.tested.coverage):
        return Standing(State.OWN_TESTS, sentence("its tests reach few lines"))
    return Standing(State.VERIFIED)


def _requirements(work: WriteState, best: Candidate) -> list[dict[str, Any]]:
    """Return the requirements stated in the request, each with its test."""
    failing = {case.name for case in work.failing()}
    rows = [
        {"text": _shown(case), "kind": "example", "test": case.name,
         "passed": case.name not in failing}
        for case in work.exam.cases
        if case.trusted and not case.rule
    ]  # fmt: skip
    for rule in work.rules:
        cases = [case for case in work.exam.cases if case.rule == rule]
        passed = bool(cases) and not any(case.name in failing for case in cases)
        test = ", ".join(case.name for case in cases)
        rows.append({"text": rule, "kind": "rule", "test": test, "passed": passed})
    return rows


def _shown(case: Case) -> str:
    """Return an example as it may stand in a request."""
    lines = [line.strip() for line in case.text.split("\n")[1:]]
    return "; ".join(lines).replace("assert ", "").replace("with pytest.raises", "raises")
