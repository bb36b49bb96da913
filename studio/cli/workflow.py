"""``studio workflow``: several steps over many inputs, from a file, without a window."""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.automation.clusters.address import Address
from studio.automation.workflows import check, document, family, results, toml_text
from studio.automation.workflows.runner import Runner
from studio.automation.workflows.runs import machine_of
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.job_progress import PUMP_SECONDS
from studio.cli.terminal.studio_session import StudioSession, must_be_alone
from studio.library.library import Library
from studio.library.storage.writer_lock import WriterLock
from studio.library.workflow_runs import RowState, Run, RunRow, RunState, RunStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.terminals import OpenStudio
from studio.terminals.handed import HandedRun
from studio.terminals.progress import time_left

_OPEN = (
    "has the library",
    "Run the workflow on its Workflows page, or close it and try again.",
)
_SHORT_ID = 6
_MOST_ROWS = 1000
"""Rows that a table shows; JSON has all."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Run, check, show, list, resume, begin or forget."""
    arguments = _parser().parse_args(argv)
    return _COMMANDS[arguments.command](arguments, session)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="studio workflow", description="Run several steps over many inputs, from a file."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, text: str, what: str = "", help: str = "") -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=text, description=text)
        if what:
            command.add_argument("what", metavar=what, help=help)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        return command

    run = add("run", "run a workflow, one row for each input", "FILE.toml")
    source = run.add_mutually_exclusive_group()
    source.add_argument(
        "--inputs",
        type=Path,
        metavar="PATH",
        help="a folder, a table (.csv, .tsv), or a list (.txt, one input in each line)",
    )
    source.add_argument("--collection", metavar="TITLE", help="the results of a collection")
    source.add_argument(
        "--results", nargs="+", metavar="ID", help="results in the library, by their ids"
    )
    run.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a free parameter; can be repeated",
    )
    run.add_argument(
        "--seed", type=int, default=0, help="another one gives other results (default: 0)"
    )
    _add_on(run)
    add("check", "say all that is wrong with a workflow, without running it", "FILE.toml")
    add("show", "show the rows of a run", "RUN", "the end of its id is enough")
    add("list", "list the last runs, and the saved workflows")
    resume = add("resume", "continue a run", "RUN", "the end of its id is enough")
    resume.add_argument("--retry", action="store_true", help="retry failed rows, too")
    _add_on(resume)
    new = add("new", "make a workflow of all the steps that led to a result")
    new.add_argument(
        "--from", dest="artifact", required=True, metavar="ID", help="the id of the result"
    )
    new.add_argument("--out", type=Path, metavar="FILE.toml", help="write it there")
    add("forget", "delete what is known of a run; its results stay", "RUN")
    return parser


def _add_on(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--on",
        metavar="ADDRESS",
        default="",
        help="a Ray cluster that runs the rows: ray://HOST:PORT, or ray for one on this machine",
    )


# --- running ----------------------------------------------------------------------------------


def _run(arguments: Namespace, session: StudioSession) -> int:
    text = document.text_of(Path(arguments.what))
    workflow = check.checked(text, session.plugins)
    given = _pairs(arguments.param)
    workflow.values(given)  # what is wrong is told before anything is opened
    source: results.Source | None = arguments.inputs
    if arguments.collection or arguments.results:
        source = results.Results(tuple(arguments.results or ()), arguments.collection or "")
    with session.at_work(passing=False) as studio:
        _tell_sockets(arguments)
        studio.picked.grant(value for value in given.values() if os.sep in value)
        how: dict[str, Any] = {"params": given, "seed": arguments.seed, "on": arguments.on}
        if isinstance(studio, OpenStudio):
            return _follow(studio, studio.start_run(text, source, **how), arguments)
        must_be_alone(studio.library, *_OPEN)
        return _follow(studio, studio.workflows.start(text, source, **how), arguments)


def _resume(arguments: Namespace, session: StudioSession) -> int:
    with session.at_work(passing=False) as studio:
        run = studio.library.workflow_runs.run(arguments.what)
        _tell_sockets(arguments)
        how: dict[str, Any] = {"retry": arguments.retry, "on": arguments.on}
        if isinstance(studio, OpenStudio):
            return _follow(studio, studio.resume_run(run, **how), arguments)
        must_be_alone(studio.library, *_OPEN)
        return _follow(studio, studio.workflows.resume(run, **how), arguments)


def _tell_sockets(arguments: Namespace) -> None:
    if arguments.on:
        output.hint(Address.parse(arguments.on).sockets)


def _follow(studio: Studio | OpenStudio, runner: Runner | HandedRun, arguments: Namespace) -> int:
    """Return when a run is over, or was stopped by Ctrl+C and can be resumed."""
    line = None if arguments.json else output.ProgressLine()
    with _stopping(runner) as interrupted:
        while not runner.is_over:
            studio.pump(PUMP_SECONDS)
            if studio.runtime.state is RuntimeState.GIVEN_UP:
                runner.stop()
            if line and runner.total:
                line.show(_progress(runner))
    if line:
        line.clear()
    if runner.error and not runner.total:  # not one row could be written down
        raise runner.error
    _report(studio.library, studio.library.workflow_runs.run(runner.id), arguments)
    if runner.state is not RunState.DONE and not arguments.json:
        output.hint(f"`studio workflow resume {runner.id[-_SHORT_ID:]}` continues it.")
    if runner.error:
        raise runner.error
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if runner.counts.get(RowState.FAILED) else ExitCode.OK


def _progress(runner: Runner | HandedRun) -> str:
    parts = [f"{runner.title}: {runner.done:,} of {runner.total:,} rows"]
    if failed := runner.counts.get(RowState.FAILED):
        parts.append(f"{failed:,} failed")
    if runner.stopping:
        parts.append("stopping…")
    elif runner.is_coming:
        parts.append("waiting for the cluster")
    elif (left := runner.seconds_left) is not None:
        parts.append(time_left(left))
    return "  ".join(parts)


@contextmanager
def _stopping(runner: Runner | HandedRun) -> Iterator[list[None]]:
    """The first Ctrl+C stops the run, so that it can be resumed; a second one does not wait."""
    pressed: list[None] = []

    def interrupt(*_: Any) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(None)
        runner.stop()

    try:
        before: Any = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not on the main thread: nobody can press Ctrl+C here
        yield pressed
        return
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    for name, sign, _ in pairs:
        if not sign:
            raise BadInput(f"--param must be NAME=VALUE; you gave “{name}”.")
    return {name: value for name, _, value in pairs}


# --- looking ----------------------------------------------------------------------------------


def _check(arguments: Namespace, session: StudioSession) -> int:
    text = document.text_of(Path(arguments.what))
    workflow = document.parse(text)
    listed = list(check.problems(workflow, text, session.plugins))
    if arguments.json:
        problems = [{"message": problem.message, "hint": problem.hint} for problem in listed]
        output.print_json({"name": workflow.name, "ok": not listed, "problems": problems})
    for error in [] if arguments.json else listed:
        output.say(f"{error.message} {error.hint}".strip())
    if not listed and not arguments.json:
        steps = f"{len(workflow.step)} steps" if len(workflow.step) > 1 else "1 step"
        output.say(f"“{workflow.name}” can run here: {steps}, input {workflow.input.kind}.")
    return ExitCode.BAD_INPUT if listed else ExitCode.OK


def _show(arguments: Namespace, session: StudioSession) -> int:
    with Library.open(session.paths, read_only=True) as library:
        run = _state_now(session)(library.workflow_runs.run(arguments.what))
        _report(library, run, arguments)
    return ExitCode.OK


def _state_now(session: StudioSession) -> Callable[[Run], Run]:
    """Return what corrects the state of a run whose studio was killed: nothing is under way."""
    is_held = WriterLock(session.paths.library / "lock").is_held()

    def corrected(run: Run) -> Run:
        is_left = run.state is RunState.RUNNING and not is_held
        return msgspec.structs.replace(run, state=RunState.INTERRUPTED) if is_left else run

    return corrected


def _list(arguments: Namespace, session: StudioSession) -> int:
    files = sorted(session.paths.workflows.glob(f"*{document.SUFFIX}"))
    with Library.open(session.paths, read_only=True) as library:
        runs, state = library.workflow_runs, _state_now(session)
        listing = [(state(run), runs.counts(run.id)) for run in runs.runs()]
    if arguments.json:
        listed = [{**_run_as_json(run), "rows": counts} for run, counts in listing]
        output.print_json({"runs": listed, "files": list(map(str, files))})
        return ExitCode.OK
    if not listing and not files:
        output.say("No workflow has run yet, and none is saved. See `studio workflow --help`.")
    if listing:
        cells = [
            (run.id[-_SHORT_ID:], run.state, _counted(counts), run.title) for run, counts in listing
        ]
        output.print_table(cells, ("RUN", "STATE", "ROWS", "WORKFLOW"))
    for file in files:
        output.say(str(file))
    return ExitCode.OK


def _counted(counts: dict[RowState, int]) -> str:
    done, failed = counts.get(RowState.DONE, 0), counts.get(RowState.FAILED, 0)
    text = f"{done:,} of {sum(counts.values()):,}"
    return f"{text}, {failed:,} failed" if failed else text


def _report(library: Library, run: Run, arguments: Namespace) -> None:
    """Print the rows of a run: state, time and result."""
    runs = library.workflow_runs
    limit = -1 if arguments.json else _MOST_ROWS
    rows = runs.rows(run.id, limit)
    steps: dict[int, list[RunStep]] = {}
    for start in range(0, len(rows), 500):
        for step in runs.steps(run.id, [row.number for row in rows[start : start + 500]]):
            steps.setdefault(step.number, []).append(step)
    order = document.places(run.document)
    for taken in steps.values():
        taken.sort(key=lambda step: (order.get(step.step, 0), step.attempt))
    if arguments.json:
        facts = [_row_as_json(library, row, steps.get(row.number, [])) for row in rows]
        output.print_json({**_run_as_json(run), "rows": facts})
        return
    counts = runs.counts(run.id)
    cells = []
    for row in rows:
        done = steps.get(row.number, [])
        machine = machine_of(library, done[-1]) if done else ""
        took, result = f"{row.seconds:.1f} s", row.error or _result(done)
        cells.append((str(row.number), row.state, took, machine, row.title, result))
    shown = [0, 1, 2, *([3] if any(cell[3] for cell in cells) else []), 4, 5]
    titles = ("ROW", "STATE", "TIME", "MACHINE", "INPUT", "RESULT")
    output.print_table(
        [tuple(cell[at] for at in shown) for cell in cells], tuple(titles[at] for at in shown)
    )
    if len(rows) < sum(counts.values()):
        output.hint(f"Only the first {len(rows):,} rows are shown; --json has all.")
    output.hint(f"{run.title}: {_counted(counts)}")


def _result(steps: Sequence[RunStep]) -> str:
    ids = [id for step in steps for id in step.artifacts]
    return ids[-1] if ids else ""


def _run_as_json(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "name": run.title,
        "state": run.state,
        "source": run.source,
        "params": run.params,
        "seed": run.seed,
    }


def _row_as_json(library: Library, row: RunRow, steps: Sequence[RunStep]) -> dict[str, Any]:
    return {
        "row": row.number,
        "input": row.title,
        "state": row.state,
        "seconds": round(row.seconds, 3),
        "error": row.error,
        "result": _result(steps),
        "steps": [
            {
                "step": step.step,
                "attempt": step.attempt,
                "state": step.state,
                "seconds": round(step.seconds, 3),
                "machine": machine_of(library, step),
                "artifacts": list(step.artifacts),
            }
            for step in steps
        ],
    }


# --- making -----------------------------------------------------------------------------------


def _new(arguments: Namespace, session: StudioSession) -> int:
    with Library.open(session.paths, read_only=True) as library:
        artifacts = family.with_ancestors(library, arguments.artifact)
        workflow = family.workflow_of(library, session.plugins, artifacts)
    text = toml_text.to_toml(workflow)
    if arguments.out is None:
        if arguments.json:
            output.print_json({"workflow": text})
        else:
            output.say(text)
        return ExitCode.OK
    if arguments.out.exists():
        raise StudioError(
            ErrorCode.BAD_INPUT, f"{arguments.out} is there already.", "Choose another name."
        )
    toml_text.write(arguments.out, workflow)
    if arguments.json:
        output.print_json({"file": str(arguments.out)})
    else:
        output.hint(f"saved    {arguments.out}")
    return ExitCode.OK


def _forget(arguments: Namespace, session: StudioSession) -> int:
    with session.library(changes=True) as library:
        run = library.workflow_runs.run(arguments.what)
        library.workflow_runs.forget(run.id)
    if arguments.json:
        output.print_json({"forgot": run.id})
    else:
        output.say(f"The run of “{run.title}” is deleted. Its results stay in the library.")
    return ExitCode.OK


_COMMANDS: dict[str, Callable[[Namespace, StudioSession], int]] = {
    "run": _run,
    "check": _check,
    "show": _show,
    "list": _list,
    "resume": _resume,
    "new": _new,
    "forget": _forget,
}
