"""Code for a description: written, tested, repaired, chosen, and shown to work if it does."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

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
from studio_code.evidence.rules import named_errors, rules
from studio_code.execution import mutation
from studio_code.execution.mutation import Mutation
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.runners import RUNNERS, unrunnable
from studio_code.generation import llm_calls, prompts
from studio_code.generation.answers import code_of
from studio_code.generation.cases import NOTHING, Suite, signatures
from studio_code.generation.demands import named
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
from studio_code.source import Source
from studio_code.syntax import definitions
from studio_code.tasks import judgement
from studio_code.tasks.candidate import Candidate
from studio_code.tasks.write_state import WriteState

COMPARED: Final = 6
"""So many versions are written where they can be run against each other."""
FURTHER: Final = 4
"""So many more where too few of them meet the stated examples."""
_APART: Final = 100
_TEST_TOKENS: Final = 180
_MORE_TOKENS: Final = 640
"""An assertion of Python takes twenty tokens, a test of another language many more."""


def write(ctx: TaskContext, params: Write) -> Iterator[Event]:
    """Write code; yield the artifact of kind ``code`` and the result.

    The result: ``code``, ``tests``, ``written_tests`` (as the model wrote them), ``verdict``,
    ``tries``; see :mod:`studio_code.verdicts`. Where the input ``answers`` has what was written
    before, that is judged anew.
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
    work = WriteState(params, language, exam_of(path, files, params.tests), runner, missing)
    if work.is_compared:
        work.rules, work.errors = rules(params.prompt), named_errors(params.prompt)
    return work


# --- the steps --------------------------------------------------------------------------------


def _write(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Run all stages. Their results are merged only here and in ``_examine_all``."""
    if answers := ctx.inputs.json("answers", dict[str, Any], {}):
        yield from _judge_again(ctx, work, answers)
    else:
        yield from _write_anew(ctx, work)
    if work.best is not None and work.best.tested is not None:
        if not work.is_compared:
            work.exam = yield from _without_doubted(ctx, work, work.best)
        work.mutation = yield from _noticed(ctx, work, work.best)


def _judge_again(
    ctx: TaskContext, work: WriteState, answers: Mapping[str, Any]
) -> Generator[Event, None, None]:
    """Judge earlier answers by the current rules, without calling a model.

    Args:
        answers: ``versions``, ``wordings`` (of each), ``repairs`` and ``tests``.
    """
    versions = [WrittenText(str(text), "stop") for text in answers.get("versions", ())]
    wordings = map(int, answers.get("wordings", ()))
    for number, (version, wording) in enumerate(zip(versions, wordings, strict=True), 1):
        work.add(_attempt(work, version, number, 0, wording))
    if work.missing or work.best is None or work.best.problem:
        return
    names = names_in(work.best.code, work.language.id)
    work.written = str(answers.get("tests", ""))
    work.exam = replace(work.exam, suite=judgement.stated_suite(work, names, work.written))
    yield from _examine_all(ctx, work)
    for round_, text in enumerate(answers.get("repairs", ()), 1):
        if work.is_open():
            work.add(_attempt(work, WrittenText(str(text), "stop"), 1, round_))
            yield from _examine_all(ctx, work)


def _write_anew(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    with ctx.lease(work.params.weights) as engine:
        files = prompts.fitting(engine, work.exam.files)
        messages = prompts.write(
            work.params.prompt, work.language, files, work.params.tests, work.exam.path
        )
        for attempt in (yield from _candidates(ctx, engine, work, messages, files)):
            work.add(attempt)
        for round_ in range(1, work.params.rounds + 1):
            if any(not earlier.problem for earlier in work.attempts):
                break
            work.add((yield from _repair(ctx, engine, work, messages, round_)))
        if work.missing or work.best is None or work.best.problem:
            return
        work.exam = yield from _completed(ctx, engine, work)
        yield from _examine_all(ctx, work)
        if work.params.rounds and not files and work.lacks_peers():
            for attempt in (yield from _further_candidates(ctx, engine, work, messages)):
                work.add(attempt)
            yield from _examine_all(ctx, work)
        for round_ in range(1, work.params.rounds + 1):
            if not work.is_open():
                break
            if work.is_doubtful():
                work.add((yield from _second_opinion(ctx, engine, work, messages)))
            else:
                work.add((yield from _repair(ctx, engine, work, messages, round_)))
            yield from _examine_all(ctx, work)


def _candidates(
    ctx: TaskContext,
    engine: TextEngine,
    work: WriteState,
    prompt: list[ChatMessage],
    files: Sequence[Source],
) -> Generator[Event, None, list[Candidate]]:
    """Write all candidates: the first is the likeliest answer, the others are drawn.

    Where they are compared, half of them are asked for in other words: versions that were asked
    for alike err alike.
    """
    params = work.params
    count = params.candidates or (COMPARED if work.is_compared else 1)
    others = count // 2 if work.is_compared and not files else 0
    questions = [(prompt, count - others)]
    if others:
        questions.append((prompts.plainly(params.prompt, work.language), others))
    return (yield from _versions(ctx, engine, work, questions))


def _further_candidates(
    ctx: TaskContext, engine: TextEngine, work: WriteState, prompt: list[ChatMessage]
) -> Generator[Event, None, list[Candidate]]:
    """Write candidates in place of those that fail a stated example, with that example shown.

    It stands in the request anyway, so that they are as independent as the others.
    """
    hint = prompts.often_missed(judgement.missed_example(work))
    plainly = prompts.plainly(f"{work.params.prompt}\n\n{hint}", work.language)
    instructions = prompts.user(f"{prompt[0]['content']}\n\n{hint}")
    questions = [([instructions, *prompt[1:]], FURTHER // 2), (plainly, FURTHER - FURTHER // 2)]
    return (yield from _versions(ctx, engine, work, questions))


def _versions(
    ctx: TaskContext,
    engine: TextEngine,
    work: WriteState,
    questions: Sequence[tuple[list[ChatMessage], int]],
) -> Generator[Event, None, list[Candidate]]:
    """Write as many answers to each question as it says; each question is a wording."""
    params, before = work.params, work.attempts
    first = max((attempt.wording for attempt in before), default=0)
    answers = yield from llm_calls.ask_each(
        ctx,
        engine,
        [
            (
                messages,
                [
                    llm_calls.sampling(
                        params.max_tokens,
                        ctx.rng.seed + number + _APART * wording,
                        temperature=params.temperature if number or before else 0.0,
                        stop=[prompts.STOP],
                    )
                    for number in range(many)
                ],
            )
            for wording, (messages, many) in enumerate(questions, first)
        ],
        weights=params.weights,
        message="Writing",
    )
    wordings = [item for item, (_, many) in enumerate(questions, first + 1) for _ in range(many)]
    return [
        _attempt(work, answer, number, 0, wording)
        for number, (answer, wording) in enumerate(
            zip(answers, wordings, strict=True), len(before) + 1
        )
    ]


def _attempt(
    work: WriteState, answer: WrittenText, candidate: int, round_: int, wording: int = 1
) -> Candidate:
    fence = f"{prompts.FENCE}{work.language.fences[0]}\n"
    code = code_of(fence + answer.text, work.language)
    if work.is_compared:
        code = named(code, work.params.prompt)
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
    return Candidate(candidate, round_, code, problem, wording=wording)


def _repair(
    ctx: TaskContext, engine: TextEngine, work: WriteState, messages: list[ChatMessage], round_: int
) -> Generator[Event, None, Candidate]:
    """Let the model correct the best try by what went wrong."""
    best = work.best
    assert best is not None, "there is a try before there is a repair"
    trouble = best.problem or (best.tested.failures() if best.tested else best.output)
    again = prompts.repair(messages, best.code, work.language, trouble)
    yield ctx.text("\n\n", channel="answer")
    answer = yield from llm_calls.ask_for_code(
        ctx,
        engine,
        again,
        weights=work.params.weights,
        max_tokens=work.params.max_tokens,
        seed=ctx.rng.seed + 1000 * round_,
        temperature=work.params.temperature if round_ > 1 else 0.0,
        message=f"Attempt {round_ + 1}: fixing",
    )
    return _attempt(work, answer, best.candidate, round_)


def _second_opinion(
    ctx: TaskContext, engine: TextEngine, work: WriteState, messages: list[ChatMessage]
) -> Generator[Event, None, Candidate]:
    """Write the code once more, drawn, without showing what failed: so that two can agree."""
    yield ctx.text("\n\n", channel="answer")
    answer = yield from llm_calls.ask_for_code(
        ctx,
        engine,
        messages,
        weights=work.params.weights,
        max_tokens=work.params.max_tokens,
        seed=ctx.rng.seed + len(work.attempts),
        temperature=work.params.temperature,
        message="A second opinion",
    )
    number = max(attempt.candidate for attempt in work.attempts) + 1
    return _attempt(work, answer, number, 0)


def _completed(
    ctx: TaskContext, engine: TextEngine, work: WriteState
) -> Generator[Event, None, AcceptanceSuite]:
    """Return the suite with cases: stated in the description first, then written by the model."""
    if work.exam.given or work.exam.suite.cases:
        return work.exam
    codes = [item.code for item in work.attempts if not item.problem]
    if work.is_compared:
        codes = codes[:1]  # what the others call otherwise, they are asked by that name
    language, form = work.language.id, work.exam.form
    names = list(dict.fromkeys(name for code in codes for name in names_in(code, language)))
    suite, written = NOTHING, ""
    if names:
        assert work.best is not None
        if form is None:
            shown = signatures(work.best.code)
            messages = prompts.tests(
                work.params.prompt, shown, work.exam.module, names[:8], work.rules
            )
        else:
            functions = definitions(work.best.code, language)
            shown = "\n".join(item.header for item in functions)
            begun = f"{form.head(work.exam.path, work.best.code)}\n{form.begun}"
            messages = prompts.tests_by_words(
                work.params.prompt, work.language, shown, form.words, begun
            )
        wish = llm_calls.sampling(
            min(_TEST_TOKENS if form is None else _MORE_TOKENS, work.params.max_tokens),
            ctx.rng.seed,
            stop=[prompts.STOP],
        )
        answer = yield from llm_calls.ask(
            ctx,
            engine,
            messages,
            wish,
            weights=work.params.weights,
            channel="tests",
            message="Writing tests",
            is_loop=repeats_a_line,
        )
        written = work.written = messages[-1]["content"].partition("\n")[2] + answer.text
        if form is not None:
            suite = Suite((), tuple(form.cases(form.begun + answer.text, names)))
    if form is None:
        suite = judgement.stated_suite(work, names, written)
    return replace(work.exam, suite=suite)


def _examine_all(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Test the tries that were not tested yet, and choose the best."""
    assert work.runner is not None
    if not work.exam.cases:
        yield from _start_as_program(ctx, work)
        return
    if work.is_compared:
        yield from judgement.run_against_each_other(ctx, work)
        work.choose()
        yield from _sit(ctx, work, work.best, work.kept_exam())
        return
    examined = {candidate.shape(): candidate for candidate in work.tested}
    for attempt in work.attempts:
        if attempt.problem or attempt.tested is not None:
            continue
        if (same := examined.get(attempt.shape())) is not None:
            attempt.tested, attempt.passed_names = same.tested, same.passed_names
            attempt.tests, attempt.output = same.tests, same.output
        else:
            yield from _sit(ctx, work, attempt, work.exam)
            examined[attempt.shape()] = attempt
    work.choose()


def _sit(
    ctx: TaskContext, work: WriteState, attempt: Candidate | None, exam: AcceptanceSuite
) -> Generator[Event, None, None]:
    assert work.runner is not None
    assert attempt is not None, "it was chosen"
    message = f"{_called(work, attempt)}: running {_count(len(exam.cases))}"
    attempt.tested = yield from sit(ctx, work.runner, exam, attempt.code, message)
    attempt.passed_names = passed_cases(exam, attempt.tested)
    attempt.tests = exam.source(attempt.code)
    attempt.output = _told(attempt.tested)


def _told(tested: SuiteOutcome | None) -> str:
    return "" if tested is None or tested.passed else tested.failures()


def _start_as_program(ctx: TaskContext, work: WriteState) -> Generator[Event, None, None]:
    """Run the likeliest try, or its repair, as a program: no more can be shown without tests."""
    assert work.runner is not None
    repairs = [earlier for earlier in work.attempts if earlier.round]
    attempt = repairs[-1] if repairs else work.best or work.attempts[0]
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
    verdict = judgement.verdict(work, best)
    tries = [attempt.plain() for attempt in work.attempts]
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
        code=best.code,
        tests=tests,
        written_tests=work.written,
        verdict=verdict,
        tries=tries,
        note=verdicts.summary(verdict),
    )


def _file_name(code: str, path: str) -> str:
    """Return the name of an exported file: as requested, else from its first definition."""
    names = names_in(code, of_path(path).id)
    wished = PurePosixPath(path).stem
    return names[0] if names and wished.lower() == SOLUTION else wished


def _called(work: WriteState, attempt: Candidate) -> str:
    if max(earlier.candidate for earlier in work.attempts) == 1:
        return f"Attempt {attempt.round + 1}"
    return f"Attempt {attempt.candidate}{', fixed' if attempt.round else ''}"


def _count(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
