"""Run files or their tests in a sandbox, streaming the output."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from studio.api import BadInput, ErrorCode, Event, StudioError, TaskContext
from studio_code import languages, source
from studio_code.execution import sandbox_run
from studio_code.execution.control import control_of
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.runners import RUNNERS, Runner
from studio_code.execution.sandbox_run import Ran
from studio_code.generation.case_forms import is_test
from studio_code.generation.suite import names_of
from studio_code.schema import Run
from studio_code.source import Source


def run(ctx: TaskContext, params: Run) -> Iterator[Event]:
    """Run a program or its tests; text comes on the channels ``stdout`` and ``stderr``.

    The result: ``exit_code`` (None if it was ended from outside), ``ended`` (see
    :class:`studio.api.SandboxResult`), ``tier``, ``seconds``, ``stdout``, ``stderr``, ``tests``,
    ``passed`` (all of them, each with its control), ``coverage`` (of all files but the tests),
    ``refused``.

    Raises:
        BadInput: There is no such file, or arguments that no shell could read.
        StudioError: ``UNSUPPORTED``: the language is not run, or there is no sandbox.
    """
    files, path = _given(ctx, params)
    runner = _runner(path)
    if needed := runner.missing():
        name, title = PurePosixPath(path).name, languages.of_path(path).title
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{name}” cannot be run: {title} needs {needed}, which is not installed.",
            "Install it and try again.",
        )
    if why := sandbox_run.missing_sandbox(ctx):
        raise StudioError(
            ErrorCode.UNSUPPORTED, f"Code cannot be run on this machine: {why}.".replace("..", ".")
        )
    texts = {file.path: file.text for file in files}
    more: dict[str, Any]
    if params.mode == "test":
        tested = yield from _tests(ctx, runner, params, texts, path)
        ran = tested.ran
        more = {"tests": tested.rows(), "coverage": _coverage(tested), "passed": tested.passed}
    else:
        arguments = _words(params.arguments)
        ran = yield from runner.program(
            ctx, texts, path, arguments, params.stdin, seconds=float(params.seconds), live=True
        )
        empty = {"lines": 0, "covered": 0, "missing": []}
        more = {"tests": [], "coverage": empty, "passed": ran.result.succeeded}
    result = ran.result
    yield ctx.result(
        exit_code=result.exit_code,
        ended=result.ended,
        tier=result.tier,
        seconds=round(result.seconds, 3),
        stdout=ran.stdout,
        stderr=ran.stderr,
        refused=list(result.refused),
        note=_note(ran, more["tests"]),
        **more,
    )


def _given(ctx: TaskContext, params: Run) -> tuple[list[Source], str]:
    files = source.sent(ctx.inputs, "files")
    if not files and params.file:
        files = [Source(Path(params.file).name, source.read(Path(params.file)))]
    if not files:
        raise BadInput("There is nothing to run.", "Choose a file.")
    path = source.relative(params.path) if params.path else files[0].path
    if path not in {file.path for file in files}:
        raise BadInput(f"“{path}” is not among the given files.", "Include it.")
    return files, path


def _runner(path: str) -> Runner:
    language = languages.of_path(path)
    runner = RUNNERS.get(language.id)
    if runner is None:
        supported = ", ".join(languages.LANGUAGES[name].title for name in RUNNERS)
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{PurePosixPath(path).name}” is {language.title}, which cannot be run.",
            f"Supported: {supported}.",
        )
    return runner


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError as error:
        raise BadInput(f"The arguments are invalid: {error}.", "Close the quotes.") from error


def _tests(
    ctx: TaskContext, runner: Runner, params: Run, texts: Mapping[str, str], path: str
) -> Generator[Event, None, SuiteOutcome]:
    """Run the file if it holds tests, else all files that do, else the file itself."""
    language = languages.of_path(path).id
    own = [file for file in texts if languages.of_path(file).id == language]
    named = [file for file in own if is_test(file)]
    tests = [path] if is_test(path) or not named else named
    measured = [file for file in own if file not in named]
    options = _words(params.arguments)
    # Options choose among tests: what is left out by them is not missed.
    expected = [name for file in tests if not options for name in names_of(file, texts[file])]
    return (
        yield from runner.tests(
            ctx,
            texts,
            tests,
            measured=measured,
            expected=expected,
            options=options,
            seconds=float(params.seconds),
            live=True,
            control=control_of(texts, tests),
        )
    )


def _note(ran: Ran, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what went wrong: how the run ended, else the first test that shows nothing."""
    if not ran.result.succeeded:
        return ran.ending
    return next((f"{r['name']}: {r['message']}" for r in rows if r["outcome"] == "error"), "")


def _coverage(tested: SuiteOutcome) -> dict[str, Any]:
    whole = tested.coverage
    files: Sequence[dict[str, Any]] = [
        {"path": c.path, "lines": c.lines, "covered": c.covered, "missing": list(c.missing)}
        for c in tested.reached
    ]
    missing = list(whole.missing) if len(files) == 1 else []
    return {"lines": whole.lines, "covered": whole.covered, "missing": missing, "files": files}
