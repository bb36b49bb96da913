"""Tests for a file that is there: written, run, and judged by the faults they notice."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from studio.api import BadInput, Cancelled, ChatMessage, Event, Kind, TaskContext
from studio_code import source, verdicts
from studio_code.execution import mutation, sandbox_run
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.runners import RUNNERS
from studio_code.generation import llm_calls, prompts
from studio_code.generation.cases import Suite, defined_names, read_suite
from studio_code.generation.loops import repeats_a_line
from studio_code.generation.suite import AcceptanceSuite, exam_of, is_importable, passed_cases, sit
from studio_code.schema import WriteTests
from studio_code.source import Source


@dataclass
class _Work:
    """All that is known while tests are written.

    Attributes:
        failing: Cases that the file fails, with what was told; they are not part of the result.
        looped: How often the model repeated itself instead of ending.
    """

    found: Source
    exam: AcceptanceSuite
    missing: str
    tested: SuiteOutcome | None = None
    failing: dict[str, str] = field(default_factory=dict)
    mutation: mutation.Mutation | None = None
    looped: int = 0


def write_tests(ctx: TaskContext, params: WriteTests) -> Iterator[Event]:
    """Write tests for a file; yield the artifact of kind ``code`` and the result.

    The result: ``tests``, ``verdict``, ``failing`` (tests that the file does not pass, each with
    its text and what was told: either they are wrong or the file is), ``imported_as`` (what the
    tests import where Python cannot import the file by its own name; else empty).

    Raises:
        BadInput: There is no file, it is not Python, or it defines nothing that can be tested.
        StudioError: It does not fit the model.
    """
    work = _begun(ctx, params)
    try:
        yield from _write(ctx, work, params)
    except Cancelled:
        if work.exam.suite.cases:
            yield from _finish(ctx, work)
        raise
    yield from _finish(ctx, work)


def _begun(ctx: TaskContext, params: WriteTests) -> _Work:
    found = source.given(ctx.inputs, params.file, params.path)
    if found.language.id not in RUNNERS:
        raise BadInput(
            f"“{found.path}” is {found.language.title}; only Python can be tested.",
            "Choose a file that ends in .py.",
        )
    if wrong := RUNNERS[found.language.id].syntax_error(found.text):
        raise BadInput(f"“{found.path}” has a syntax error in {wrong}.", "Correct it first.")
    if not defined_names(found.text):
        raise BadInput(f"“{found.path}” contains nothing to test.", "Choose another file.")
    path = found.path if is_importable(found.path) else "module.py"
    exam = exam_of(path, source.sent(ctx.inputs, "context"), "")
    return _Work(found, exam, sandbox_run.missing_sandbox(ctx))


def _write(ctx: TaskContext, work: _Work, params: WriteTests) -> Generator[Event, None, None]:
    names = defined_names(work.found.text)
    asked = prompts.tests_of_file(work.found, work.exam.module, names[:12])
    with ctx.lease(params.weights) as engine:
        round_ = 0
        while round_ <= params.rounds:
            wish = llm_calls.sampling(
                params.max_tokens,
                ctx.rng.seed + round_,
                temperature=0.5 if round_ else 0.0,
                stop=[prompts.STOP],
            )
            answer = yield from llm_calls.ask(
                ctx,
                engine,
                asked,
                llm_calls.other_draw(wish, work.looped) if work.looped else wish,
                weights=params.weights,
                message=f"Round {round_ + 1}: writing tests",
                is_loop=repeats_a_line,
            )
            yield ctx.text("\n\n", channel="answer")
            suite = read_suite(f"def test_{answer.text}", names)
            yield from _take(ctx, work, suite, f"Round {round_ + 1}")
            if work.exam.suite.cases and not work.failing:
                break
            if llm_calls.went_round(answer):  # it is no example to go on from, and costs no round
                work.looped += 1
                round_ += work.looped > llm_calls.REDRAWS
            else:
                asked = _again(asked, answer.text, work)
                round_ += 1
    if work.tested is not None and work.tested.passed:
        files = work.exam.all_files(work.found.text)
        tests = [work.exam.test_path]
        work.mutation = yield from mutation.measure(ctx, files, work.exam.path, tests)


def _take(ctx: TaskContext, work: _Work, suite: Suite, called: str) -> Generator[Event, None, None]:
    """Add the cases that the file passes to those there are; remember the others."""
    exam = AcceptanceSuite(work.exam.path, work.exam.files, suite=work.exam.suite + suite)
    if work.missing or not exam.cases:
        work.exam = exam
        return
    runner = RUNNERS[work.found.language.id]
    message = f"{called}: running {len(exam.cases)} tests"
    tested = yield from sit(ctx, runner, exam, work.found.text, message)
    passed = passed_cases(exam, tested)
    told = {o.name.rpartition("::")[2]: o.message for o in tested.outcomes}
    work.failing = {
        case.name: f"{case.text}\n# {told.get(case.name, '')}".replace("\n#  ", "\n# ")
        for case in exam.cases
        if case.name not in passed
    }
    work.exam = exam.keep(passed)
    if not work.failing:
        work.tested = tested
    elif passed:
        work.tested = yield from sit(ctx, runner, work.exam, work.found.text, message)


def _again(asked: list[ChatMessage], text: str, work: _Work) -> list[ChatMessage]:
    begun = asked[-1]["content"]
    trouble = "\n\n".join(work.failing.values())[:3000] or "No test tests anything of the module."
    words = (
        f"These tests fail:\n{prompts.FENCE}python\n{trouble}\n{prompts.FENCE}\n\n"
        "The module is as it should be. Write them again with the values that it really gives."
    )
    return [
        *asked[:-1],
        prompts.assistant(f"{begun}{text.rstrip()}\n{prompts.FENCE}"),
        prompts.user(words),
        prompts.assistant(begun),
    ]


def _finish(ctx: TaskContext, work: _Work) -> Iterator[Event]:
    tests = work.exam.source(work.found.text)
    if not tests:
        raise BadInput(*_why_none(work))
    verdict = _verdict(work)
    meta = {
        "language": "python",
        "path": work.exam.test_path,
        "tests": tests,
        "verdict": verdict,
        "tries": [],
        "failing": list(work.failing.values()),
    }
    yield ctx.artifact(
        Kind.CODE,
        tests.encode(),
        suffix=".py",
        title=f"Tests of {work.found.path}",
        text=tests,
        verdict=verdicts.in_words(verdict),
        meta=meta,
    )
    yield ctx.result(
        tests=tests,
        path=work.exam.test_path,
        verdict=verdict,
        failing=meta["failing"],
        imported_as="" if work.exam.path == work.found.path else work.exam.module,
        note=verdicts.summary(verdict),
    )


def _why_none(work: _Work) -> tuple[str, str]:
    """Return why there are no tests, and what helps."""
    if work.failing:
        count = len(work.failing)
        first = next(iter(work.failing.values())).strip().splitlines()[-1].lstrip("# ")
        told = f" The last said: {first[:200]}" if first else ""
        return (
            f"None of the {count} generated tests passed.{told}",
            "Either they expect the wrong values, or the file is wrong. Try again for others.",
        )
    if work.looped:
        return (
            "The model repeated itself and wrote no test that can be used.",
            "Try again: every run draws differently. Another model may do it better.",
        )
    return (
        "The model wrote no test that uses this file.",
        "Try again, or ask for tests of one function in Ask.",
    )


def _verdict(work: _Work) -> dict[str, Any]:
    if work.missing:
        return verdicts.not_run(work.missing)
    if work.tested is None:
        return verdicts.not_run("stopped before they were run")
    aside = ""
    if count := len(work.failing):
        what = "1 more fails" if count == 1 else f"{count} more fail"
        aside = f" ({what} and were left out: either they or the file are wrong)"
    return verdicts.of_tests(work.tested, work.mutation, aside=aside)
