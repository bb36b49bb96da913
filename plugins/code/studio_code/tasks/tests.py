"""Tests for a file that is there: written, run, and judged by the faults they notice."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from studio.api import BadInput, Cancelled, ChatMessage, Event, Kind, TaskContext
from studio_code import source, verdicts
from studio_code.execution import mutation
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.runners import RUNNERS, unrunnable
from studio_code.generation import llm_calls, prompts
from studio_code.generation.cases import Suite, read_suite
from studio_code.generation.loops import repeats_a_line
from studio_code.generation.suite import (
    AcceptanceSuite,
    exam_of,
    is_importable,
    names_in,
    passed_cases,
    sit,
)
from studio_code.languages import LANGUAGES
from studio_code.schema import WriteTests
from studio_code.source import Source
from studio_code.verdicts import Standing, State


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
        BadInput: There is no file, its language is not run, or it defines nothing to test.
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
    file = source.given(ctx.inputs, params.file, params.path)
    language = file.language
    runner = RUNNERS.get(language.id)
    if runner is None:
        supported = ", ".join(LANGUAGES[name].title for name in RUNNERS)
        raise BadInput(
            f"“{file.path}” is {language.title}, for which no tests are written.",
            f"Choose a file in one of these languages: {supported}.",
        )
    if wrong := runner.syntax_error(file.text):
        raise BadInput(f"“{file.path}” has a syntax error in {wrong}.", "Correct it first.")
    if not names_in(file.text, language.id):
        raise BadInput(f"“{file.path}” contains nothing to test.", "Choose another file.")
    path = file.path
    if language.id == "python" and not is_importable(path):
        path = "module.py"
    exam = exam_of(path, source.sent(ctx.inputs, "context"), "")
    return _Work(file, exam, unrunnable(ctx, language.id))


def _write(ctx: TaskContext, work: _Work, params: WriteTests) -> Generator[Event, None, None]:
    form, names = work.exam.form, names_in(work.found.text, work.found.language.id)
    if form is None:
        messages = prompts.tests_of_file(work.found, work.exam.module, names[:12])
    else:
        head = form.head(work.exam.path, work.found.text)
        messages = prompts.tests_in(work.found, form.words, head, form.begun)
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
                messages,
                llm_calls.other_draw(wish, work.looped) if work.looped else wish,
                weights=params.weights,
                message=f"Attempt {round_ + 1}: writing tests",
                is_loop=repeats_a_line,
            )
            yield ctx.text("\n\n", channel="answer")
            if form is None:
                suite = read_suite(f"def test_{answer.text}", names)
            else:
                suite = Suite((), tuple(form.cases(form.begun + answer.text, names)))
            yield from _take(ctx, work, suite, f"Attempt {round_ + 1}")
            if work.exam.suite.cases and not work.failing:
                break
            if llm_calls.went_round(answer):  # it is no example to go on from, and costs no round
                work.looped += 1
                round_ += work.looped > llm_calls.REDRAWS
            else:
                messages = _again(messages, answer.text, work)
                round_ += 1
    if work.tested is not None and work.tested.passed and form is None:
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
    passed, cases = passed_cases(exam, tested), exam.cases
    if not passed and exam.form is not None and not tested.report.whole and len(exam.cases) > 1:
        # One that does not compile keeps all the others from running.
        passed = yield from _that_run(ctx, work, exam, called)
        if passed:
            exam = exam.keep(passed)
            tested = yield from sit(ctx, runner, exam, work.found.text, message)
            passed = passed_cases(exam, tested)
    messages = {o.name.rpartition("::")[2]: o.message for o in tested.outcomes}
    work.failing = {
        case.name: f"{case.text}\n# {messages.get(case.name, '')}".replace("\n#  ", "\n# ")
        for case in cases
        if case.name not in passed
    }
    work.exam = exam.keep(passed)
    if not work.failing:
        work.tested = tested
    elif passed:
        work.tested = yield from sit(ctx, runner, work.exam, work.found.text, message)


def _that_run(
    ctx: TaskContext, work: _Work, exam: AcceptanceSuite, called: str
) -> Generator[Event, None, frozenset[str]]:
    """Return the cases that pass each by itself."""
    runner = RUNNERS[work.found.language.id]
    names: set[str] = set()
    for number, case in enumerate(exam.cases, 1):
        message = f"{called}: running test {number} of {len(exam.cases)} by itself"
        alone = exam.keep([case.name])
        tested = yield from sit(ctx, runner, alone, work.found.text, message)
        names |= passed_cases(alone, tested)
    return frozenset(names)


def _again(messages: list[ChatMessage], text: str, work: _Work) -> list[ChatMessage]:
    begun = messages[-1]["content"]
    trouble = "\n\n".join(work.failing.values())[:3000] or "No test tests anything of it."
    words = (
        f"These tests fail:\n{prompts.FENCE}\n{trouble}\n{prompts.FENCE}\n\n"
        "What they test is as it should be. Write them again with the values that it really gives."
    )
    return [
        *messages[:-1],
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
        "language": work.found.language.id,
        "path": work.exam.test_path,
        "tests": tests,
        "verdict": verdict,
        "tries": [],
        "failing": list(work.failing.values()),
    }
    yield ctx.artifact(
        Kind.CODE,
        tests.encode(),
        suffix=work.found.language.suffix,
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
        detail = f" The last said: {first[:200]}" if first else ""
        return (
            f"None of the {count} generated tests passed.{detail}",
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
    passed = work.tested.passed
    standing = Standing(State.OWN_TESTS if passed else State.FAILED)
    verdict = verdicts.of_tests(work.tested, work.mutation, standing, aside=aside)
    return verdict | {"passed": passed}  # it is the tests that were asked for
