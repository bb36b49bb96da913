"""Code for a description: written, tested, repaired, chosen, and shown to work if it does."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from studio.api import (
    BadInput,
    Cancelled,
    ChatMessage,
    Event,
    Kind,
    TaskContext,
    TextEngine,
    WrittenText,
)
from studio_code import source, verdicts
from studio_code.execution import mutation
from studio_code.execution.mutation import Mutation
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.runners import RUNNERS, unrunnable
from studio_code.generation import candidate_choice, llm_calls, prompts
from studio_code.generation.answers import code_of
from studio_code.generation.cases import NOTHING, Suite, read_suite, signatures
from studio_code.generation.examples import examples
from studio_code.generation.loops import repeats_a_line
from studio_code.generation.suite import (
    SOLUTION,
    AcceptanceSuite,
    exam_of,
    names_in,
    passed_cases,
    path_of,
    sit,
)
from studio_code.languages import LANGUAGES, of_path
from studio_code.schema import Write
from studio_code.syntax import definitions
from studio_code.tasks.candidate import Candidate
from studio_code.tasks.write_state import WriteState

_TEST_TOKENS = 640


def write(ctx: TaskContext, params: Write) -> Iterator[Event]:
    """Write code; yield the artifact of kind ``code`` and the result.

    The result: ``code``, ``tests``, ``verdict``, ``tries``; see :mod:`studio_code.verdicts`.
    Stopped, it hands over the best so far.

    Raises:
        BadInput: There is nothing to write, or a file of the context is malformed.
        StudioError: The weights cannot be used, or the question does not fit them.
    """
    work = _begun(ctx, params)
    try:
        yield from _write(ctx, work)
    except Cancelled:
        if work.best is not None and work.best.code:
            yield from _finish(ctx, work)
        raise
    yield from _finish(ctx, work)


def _begun(ctx: TaskContext, params: Write) -> WriteState:
    if not params.prompt.strip():
        raise BadInput("There is no description.", "Describe what the code should do.")
    language = LANGUAGES[params.language]
    files = source.sent(ctx.inputs, "context")
    path = source.relative(params.path) if params.path else ""
    path = path_of(path, params.tests, files, language.suffix)
    runner = RUNNERS.get(language.id)
    missing = ""
    if not params.run:
        missing = "running is turned off"
    else:
        missing = unrunnable(ctx, language.id)
    return WriteState(params, language, exam_of(path, files, params.tests), runner, missing)


# --- the steps --------------------------------------------------------------------------------


def _write(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Take all steps. What they find becomes known here and in ``_examine_all`` alone."""
    with ctx.lease(work.params.weights) as engine:
        files = prompts.fitting(engine, work.exam.files)
        asked = prompts.write(
            work.params.prompt, work.language, files, work.params.tests, work.exam.path
        )
        for attempt in (yield from _candidates(ctx, engine, work, asked)):
            work.add(attempt)
        for round_ in range(1, work.params.rounds + 1):
            if any(not each.problem for each in work.attempts):
                break
            work.add((yield from _repair(ctx, engine, work, asked, round_)))
        if work.missing or work.best is None or work.best.problem:
            return
        work.exam = yield from _completed(ctx, engine, work)
        yield from _examine_all(ctx, work)
        for round_ in range(1, work.params.rounds + 1):
            if not work.is_open():
                break
            if work.is_doubtful():
                work.add((yield from _second_opinion(ctx, engine, work, asked)))
            else:
                work.add((yield from _repair(ctx, engine, work, asked, round_)))
            yield from _examine_all(ctx, work)
    if work.best is not None and work.best.tested is not None:
        work.exam = yield from _without_doubted(ctx, work, work.best)
        work.mutation = yield from _noticed(ctx, work, work.best)


def _candidates(
    ctx: TaskContext, engine: TextEngine, work: WriteState, asked: list[ChatMessage]
) -> Generator[Event, None, list[Candidate]]:
    """Write all candidates: the first is the likeliest answer, the others are drawn."""
    params = work.params
    wishes = [
        llm_calls.sampling(
            params.max_tokens,
            ctx.rng.seed + number,
            temperature=params.temperature if number else 0.0,
            stop=[prompts.STOP],
        )
        for number in range(params.candidates)
    ]
    found = yield from llm_calls.ask_many(
        ctx, engine, asked, wishes, weights=params.weights, message="Writing"
    )
    return [_attempt(work, answer, number, 0) for number, answer in enumerate(found, 1)]


def _attempt(work: WriteState, answer: WrittenText, candidate: int, round_: int) -> Candidate:
    fence = f"{prompts.FENCE}{work.language.fences[0]}\n"
    code = code_of(fence + answer.text, work.language)
    problem = ""
    if not code:
        problem = "The reply contained no code."
    elif llm_calls.went_round(answer):
        problem = "The model repeated itself and wrote no end."
    elif answer.is_cut and work.runner is None:
        problem = "The reply was cut off."
    elif work.runner is not None and (wrong := work.runner.syntax_error(code)):
        cut = " The reply was cut off." if answer.is_cut else ""
        problem = f"There is a syntax error in {wrong}.{cut}"
    return Candidate(candidate, round_, code, problem)


def _repair(
    ctx: TaskContext, engine: TextEngine, work: WriteState, asked: list[ChatMessage], round_: int
) -> Generator[Event, None, Candidate]:
    """Let the model correct the best try by what went wrong."""
    best = work.best
    assert best is not None, "there is a try before there is a repair"
    trouble = best.problem or (best.tested.failures() if best.tested else best.output)
    again = prompts.repair(asked, best.code, work.language, trouble)
    yield ctx.text("\n\n", channel="answer")
    answer = yield from llm_calls.ask_for_code(
        ctx,
        engine,
        again,
        weights=work.params.weights,
        max_tokens=work.params.max_tokens,
        seed=ctx.rng.seed + 1000 * round_,
        temperature=work.params.temperature if round_ > 1 else 0.0,
        message=f"Round {round_ + 1}: correcting",
    )
    return _attempt(work, answer, best.candidate, round_)


def _second_opinion(
    ctx: TaskContext, engine: TextEngine, work: WriteState, asked: list[ChatMessage]
) -> Generator[Event, None, Candidate]:
    """Write the code once more, drawn, without showing what failed: so that two can agree."""
    yield ctx.text("\n\n", channel="answer")
    answer = yield from llm_calls.ask_for_code(
        ctx,
        engine,
        asked,
        weights=work.params.weights,
        max_tokens=work.params.max_tokens,
        seed=ctx.rng.seed + len(work.attempts),
        temperature=work.params.temperature,
        message="A second opinion",
    )
    number = max(each.candidate for each in work.attempts) + 1
    return _attempt(work, answer, number, 0)


def _completed(
    ctx: TaskContext, engine: TextEngine, work: WriteState
) -> Generator[Event, None, AcceptanceSuite]:
    """Return the exam with cases: examples of the description, then what the model thinks of."""
    if work.exam.given or work.exam.suite.cases:
        return work.exam
    codes = [each.code for each in work.attempts if not each.problem]
    language, form = work.language.id, work.exam.form
    names = list(dict.fromkeys(name for code in codes for name in names_in(code, language)))
    suite = examples(work.params.prompt, names) if form is None else NOTHING
    if names:
        assert work.best is not None
        if form is None:
            shown = signatures(work.best.code)
            asked = prompts.tests(work.params.prompt, shown, work.exam.module, names[:8])
        else:
            found = definitions(work.best.code, language)
            shown = "\n".join(each.header for each in found)
            begun = f"{form.head(work.exam.path, work.best.code)}\n{form.begun}"
            asked = prompts.tests_by_words(
                work.params.prompt, work.language, shown, form.words, begun
            )
        wish = llm_calls.sampling(
            min(_TEST_TOKENS, work.params.max_tokens), ctx.rng.seed, stop=[prompts.STOP]
        )
        answer = yield from llm_calls.ask(
            ctx,
            engine,
            asked,
            wish,
            weights=work.params.weights,
            channel="tests",
            message="Writing tests",
            is_loop=repeats_a_line,
        )
        if form is None:
            suite += read_suite(f"def test_{answer.text}", names)
        else:
            suite = Suite((), tuple(form.cases(form.begun + answer.text, names)))
    return replace(work.exam, suite=suite)


def _examine_all(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Test the tries that were not tested yet, and choose the best."""
    assert work.runner is not None
    if not work.exam.cases:
        yield from _start_as_program(ctx, work)
        return
    known = {each.shape(): each for each in work.tested}
    for attempt in work.attempts:
        if attempt.problem or attempt.tested is not None:
            continue
        if (same := known.get(attempt.shape())) is not None:
            attempt.tested, attempt.passed_names = same.tested, same.passed_names
        else:
            message = f"{_called(work, attempt)}: running {_count(len(work.exam.cases))}"
            attempt.tested = yield from sit(ctx, work.runner, work.exam, attempt.code, message)
            attempt.passed_names = passed_cases(work.exam, attempt.tested)
            known[attempt.shape()] = attempt
        attempt.tests = work.exam.source(attempt.code)
        attempt.output = _told(attempt.tested)
    work.choose()


def _told(tested: SuiteOutcome | None) -> str:
    return "" if tested is None or tested.passed else tested.failures()


def _start_as_program(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Run the last try as a program: that is all that can be shown without tests."""
    assert work.runner is not None
    attempt = work.attempts[-1]
    if attempt.problem:
        return
    files = work.exam.all_files(attempt.code)
    yield ctx.progress(0, 0, f"{_called(work, attempt)}: running it")
    ran = yield from work.runner.program(ctx, files, work.exam.path, seconds=10.0)
    attempt.output = "" if ran.result.succeeded else f"{ran.output}\n{ran.ending}".strip()
    attempt.program = ran
    work.best = attempt


def _without_doubted(
    ctx: TaskContext, work: WriteState, best: Candidate
) -> Generator[Event, None, AcceptanceSuite]:
    """Return the exam without the tests that were set aside; the best has taken it once more."""
    exam = work.exam.keep([case.name for case in work.exam.cases if case.name not in work.aside])
    if not work.aside or not exam.cases:
        return work.exam
    assert work.runner is not None, "it was tested"
    best.tested = yield from sit(ctx, work.runner, exam, best.code, "Running the selected version")
    best.tests = exam.source(best.code)
    return exam


def _noticed(
    ctx: TaskContext, work: WriteState, best: Candidate
) -> Generator[Event, None, Mutation | None]:
    """Return which planted faults the tests notice; None where that cannot be asked."""
    if not best.passed or work.language.id != "python":
        return None
    files = work.exam.all_files(best.code)
    return (yield from mutation.measure(ctx, files, work.exam.path, [work.exam.test_path]))


# --- the end ----------------------------------------------------------------------------------


def _finish(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    best = work.best
    assert best is not None, "candidates were written"
    if not best.code:
        raise BadInput(
            "The model wrote no code.",
            "Describe it differently, or choose a model made for code.",
        )
    verdict = _verdict(work, best)
    tries = [each.plain() for each in work.attempts]
    tests = best.tests or work.params.tests
    meta = {
        "language": work.language.id,
        "path": work.exam.path,
        "file": _file_name(best.code, work.exam.path),
        "tests": tests,
        "verdict": verdict,
        "tries": tries,
    }
    yield ctx.artifact(
        Kind.CODE,
        best.code.encode(),
        suffix=work.language.suffix,
        title=" ".join(work.params.prompt.split())[:80],
        text=best.code,
        verdict=verdicts.in_words(verdict),
        meta=meta,
    )
    yield ctx.result(
        code=best.code, tests=tests, verdict=verdict, tries=tries, note=verdicts.summary(verdict)
    )


def _file_name(code: str, path: str) -> str:
    """Return what an exported file is called: as was wished, else by what it defines first."""
    names = names_in(code, of_path(path).id)
    wished = PurePosixPath(path).stem
    return names[0] if names and wished.lower() == SOLUTION else wished


def _verdict(work: WriteState, best: Candidate) -> dict[str, Any]:
    if best.problem:
        return verdicts.not_run(best.problem)
    if work.missing:
        return verdicts.not_run(work.missing)
    if best.tested is not None:
        voters = sum(each.round == 0 for each in work.tested)
        aside = candidate_choice.aside_in_words(work.aside, voters)
        doubt = candidate_choice.doubt(work.exam.cases, work.aside)
        return verdicts.of_tests(
            best.tested, work.mutation, aside=aside, doubt=doubt, set_aside=len(work.aside)
        )
    if best.program is not None:
        verdict = verdicts.of_program(best.program)
        return verdicts.with_check(verdict, "Tests", False, "none of the generated tests covers it")
    return verdicts.not_run("stopped before it was run")


def _called(work: WriteState, attempt: Candidate) -> str:
    number = attempt.round + 1
    if max(each.candidate for each in work.attempts) > 1:
        return f"Attempt {attempt.candidate}, round {number}"
    return f"Round {number}"


def _count(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
