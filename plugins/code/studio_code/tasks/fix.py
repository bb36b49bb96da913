"""Fix the fault described by an error: correct the file, run it, compare with the original."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from studio.api import BadInput, Cancelled, Event, Kind, TaskContext, WrittenText
from studio_code import source, verdicts
from studio_code.execution.runners import RUNNERS, Runner, unrunnable
from studio_code.generation import llm_calls, prompts
from studio_code.generation.answers import code_of
from studio_code.generation.suite import (
    AcceptanceSuite,
    exam_of,
    is_importable,
    names_in,
    passed_cases,
    sit,
)
from studio_code.languages import LANGUAGES
from studio_code.schema import Fix
from studio_code.source import Source
from studio_code.tasks.candidate import Candidate


@dataclass
class _Work:
    """All that is known while a file is corrected."""

    found: Source
    exam: AcceptanceSuite
    runner: Runner | None
    missing: str
    error: str
    attempts: list[Candidate] = field(default_factory=list)

    @property
    def best(self) -> Candidate | None:
        """The try that failed least; the latest of those that are as good."""
        ranked = sorted(self.attempts, key=_worth)
        return ranked[-1] if ranked else None


def _worth(attempt: Candidate) -> tuple[bool, bool, int]:
    return bool(not attempt.problem), not attempt.output, len(attempt.passed_names)


def fix(ctx: TaskContext, params: Fix) -> Iterator[Event]:
    """Correct a file; yield the artifact of kind ``code`` and the result.

    The result: ``code``, ``verdict``, ``tries``. Without an ``error`` the file is run, or its
    ``tests`` are, to find out what is wrong.

    Raises:
        BadInput: There is no file, or nothing is found to be wrong with it.
        StudioError: It does not fit the model.
    """
    work = _begun(ctx, params)
    try:
        yield from _fix(ctx, work, params)
    except Cancelled:
        if work.best is not None and not work.best.problem:
            yield from _finish(ctx, work)
        raise
    yield from _finish(ctx, work)


def _begun(ctx: TaskContext, params: Fix) -> _Work:
    file = source.given(ctx.inputs, params.file, params.path)
    if file.language.id not in LANGUAGES:
        raise BadInput(f"“{file.path}” is not a supported code file.", "Choose another file.")
    runner = RUNNERS.get(file.language.id)
    path = file.path
    if file.language.id == "python" and not is_importable(path):
        path = "module.py"
    exam = exam_of(path, source.sent(ctx.inputs, "context"), params.tests)
    missing = unrunnable(ctx, file.language.id)
    return _Work(file, exam, runner, missing, params.error.strip())


def _fix(ctx: TaskContext, work: _Work, params: Fix) -> Generator[Event, None, None]:
    if not work.error:
        work.error = yield from _own_error(ctx, work)
    with ctx.lease(params.weights) as engine:
        files = prompts.fitting(engine, work.exam.files, 0.25)
        messages = prompts.fix(work.found, work.error[-6000:], files, params.tests)
        again = messages
        for round_ in range(params.rounds + 1):
            answer = yield from llm_calls.ask_for_code(
                ctx,
                engine,
                again,
                weights=params.weights,
                max_tokens=params.max_tokens,
                seed=ctx.rng.seed + round_,
                temperature=0.4 if round_ > 1 else 0.0,
                message=f"Attempt {round_ + 1}: fixing",
            )
            yield ctx.text("\n\n", channel="answer")
            attempt = _attempt(work, answer, round_)
            work.attempts.append(attempt)
            if not attempt.problem and not work.missing:
                yield from _try(ctx, work, attempt, f"Attempt {round_ + 1}")
            trouble = attempt.problem or attempt.output
            if not trouble:
                return
            again = prompts.repair(messages, attempt.code, work.found.language, trouble[-4000:])


def _own_error(ctx: TaskContext, work: _Work) -> Generator[Event, None, str]:
    """Run the file as it is and return what goes wrong."""
    if work.missing or work.runner is None:
        why = f" It cannot be run to find out: {work.missing}." if work.missing else ""
        raise BadInput(f"Tell me what is wrong first.{why}", "Paste the error message.")
    if wrong := work.runner.syntax_error(work.found.text):
        return f"SyntaxError in {wrong}"
    attempt = Candidate(0, 0, work.found.text)
    yield from _try(ctx, work, attempt, "Before")
    if not attempt.output:
        raise BadInput(
            f"“{work.found.path}” runs without errors.", "Paste the error message you see."
        )
    return attempt.output


def _attempt(work: _Work, answer: WrittenText, round_: int) -> Candidate:
    language = work.found.language
    code = code_of(f"{prompts.FENCE}{language.fences[0]}\n{answer.text}", language)
    is_whole = not (answer.is_cut or llm_calls.went_round(answer))
    return Candidate(1, round_, code, _problem(work, code, is_whole))


def _problem(work: _Work, code: str, is_whole: bool) -> str:
    """Return why a corrected file is refused before it is run."""
    if not code:
        return "The reply contained no code."
    if not is_whole:
        return "The reply was cut off before the file was complete."
    if work.runner is not None and (wrong := work.runner.syntax_error(code)):
        return f"There is a syntax error in {wrong}."
    if code.strip() == work.found.text.strip():
        return "Nothing was changed."
    language = work.found.language.id
    there = names_in(code, language)
    lost = [name for name in names_in(work.found.text, language) if name not in there]
    if lost:
        return f"These parts of the file are missing: {', '.join(lost[:8])}."
    return ""


def _try(
    ctx: TaskContext, work: _Work, attempt: Candidate, called: str
) -> Generator[Event, None, None]:
    """Run the tests, or the file itself; what went wrong is the try's ``output``."""
    assert work.runner is not None
    if work.exam.cases:
        attempt.tested = yield from sit(
            ctx, work.runner, work.exam, attempt.code, f"{called}: running the tests"
        )
        attempt.tests = work.exam.source(attempt.code)
        attempt.passed_names = passed_cases(work.exam, attempt.tested)
        attempt.output = "" if attempt.passed else attempt.tested.failures()
        return
    files = {file.path: file.text for file in work.exam.files} | {work.exam.path: attempt.code}
    yield ctx.progress(0, 0, f"{called}: running it")
    attempt.program = yield from work.runner.program(ctx, files, work.exam.path, seconds=10.0)
    ran = attempt.program
    attempt.output = "" if ran.result.succeeded else f"{ran.output}\n{ran.ending}".strip()


def _finish(ctx: TaskContext, work: _Work) -> Iterator[Event]:
    best = work.best
    assert best is not None, "there was a try"
    if best.problem:
        raise BadInput(
            f"The file could not be fixed. {best.problem}",
            "Describe the error in more detail, or choose a model made for code.",
        )
    verdict = _verdict(work, best)
    tries = [attempt.plain() for attempt in work.attempts]
    meta = {
        "language": work.found.language.id,
        "path": work.found.path,
        "tests": best.tests,
        "verdict": verdict,
        "tries": tries,
    }
    yield ctx.artifact(
        Kind.CODE,
        best.code.encode(),
        suffix=work.found.language.suffix,
        title=f"{work.found.path} fixed",
        text=best.code,
        verdict=verdicts.in_words(verdict),
        meta=meta,
    )
    yield ctx.result(
        code=best.code,
        path=work.found.path,
        verdict=verdict,
        tries=tries,
        note=verdicts.summary(verdict),
    )


def _verdict(work: _Work, best: Candidate) -> dict[str, Any]:
    if best.tested is not None:
        return verdicts.of_tests(best.tested)
    if best.program is None:
        return verdicts.not_run(work.missing or "stopped before it was run")
    verdict = verdicts.of_program(best.program)
    kind = _kind(work.error)
    if kind:
        gone = kind not in best.output
        evidence = f"no {kind} when run" if gone else f"{kind} again"
        verdict = verdicts.with_check(verdict, "Error", gone, evidence)
    return verdict


def _kind(error: str) -> str:
    """Return the last exception that a traceback names; empty if there is none."""
    names = re.findall(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Exit|Interrupt))\b", error, re.M)
    return names[-1] if names else ""
