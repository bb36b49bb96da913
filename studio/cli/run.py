"""``studio run TASK``: one task from flags to results. Each flag is a parameter of the task."""

from __future__ import annotations

import csv
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api.artifacts import SavedArtifact
from studio.api.errors import BadInput
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Params
from studio.base.parameter_help import flag_of
from studio.cli.terminal import output, output_files
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import (
    ArgumentParser,
    add_flags,
    add_inputs,
    add_positional,
    inputs_of,
    main_field,
    values_of,
)
from studio.cli.terminal.job_progress import SHOWN, JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.jobs.picked_files import paths_of
from studio.library.provenance.exporter import Exporter
from studio.plugins import PluginHost
from studio.protocol.states import JobState

_HELP = ("-h", "--help")
_ROWS_TOLD = ("faults", "remarks", "repeated")
"""Keys under which a task that reads a table tells of its rows: each a line and a reason."""
_MOST_TOLD = 100


def main(argv: Sequence[str], session: StudioSession, command: str = "") -> int:
    """Run a task and print its results.

    Args:
        command: The name in its help; by default ``studio run TASK``.
    """
    host = session.plugins
    if not argv or argv[0] in _HELP:
        _overview(host).print_help()
        return ExitCode.OK if argv else ExitCode.BAD_INPUT
    if argv[0].startswith("-"):
        _overview(host).error("the task must come first")
    _, entry = host.task(argv[0])
    params_class = host.params_class(entry.id)
    parser = task_parser(entry, params_class, command)
    arguments = parser.parse_intermixed_args(argv[1:])
    given = values_of(arguments, params_class)
    for field in params_class.fields():
        if field.required and field.name not in given:
            raise BadInput(f"{field.title} is missing.", f"Give it with {flag_of(field)}.")
    params_class.parse(given)  # what is wrong is told before anything is opened
    inputs = inputs_of(arguments, entry.inputs)
    out = output_files.prepare(arguments.out) if arguments.out else None
    with session.at_work() as studio:
        where = arguments.on_machine
        studio.picked.grant(path for _, path in paths_of(params_class.fields(), given))
        job = studio.submit(
            JobRequest(entry.id, given, inputs=inputs, whole=arguments.json, machine=where)
        )
        follower = JobProgress(
            studio,
            show_progress=not arguments.quiet,
            show_text=not arguments.json,
        )
        follower.follow(job)
        if job.error is not None and job.state is not JobState.CANCELLED:
            raise job.error
        artifacts = job.artifacts if out or session.saves else ()
        exporter = Exporter(studio.library, session.paths, session.settings)
        paths = output_files.copies(exporter, artifacts, out, arguments.provenance)
        _report(job, arguments, paths, saved=session.saves)
    if job.state is JobState.DONE:
        return ExitCode.OK if session.saves else ExitCode.CANNOT_SAVE
    return ExitCode.INTERRUPTED if follower.interrupted else ExitCode.CANCELLED


def task_parser(entry: TaskEntry, params: type[Params], command: str = "") -> ArgumentParser:
    """Return the parser of one task, run by ``command``: its parameters, and how to print."""
    command = command or f"studio run {entry.id}"
    field = main_field(params)
    main = f"[{field.name.upper()}] " if field else ""
    parser = ArgumentParser(
        prog=command,
        usage=f"{command} {main}[--FLAG VALUE …] [--json] [--out FOLDER]",
        description=f"{entry.title}\n{entry.summary}".strip(),
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="also copy the results to this folder"
    )
    output_files.add_provenance(parser)
    parser.add_argument(
        "--on",
        dest="on_machine",
        default="",
        metavar="MACHINE",
        help="run it on one of your machines: a name from `studio machines list`, here, or free",
    )
    parser.add_argument("--quiet", action="store_true", help="hide progress")
    add_positional(parser, params)
    add_flags(parser, params)
    add_inputs(parser, entry.inputs)
    return parser


def result_of(job: Job, paths: Sequence[Path], *, saved: bool) -> dict[str, Any]:
    """Return what ``--json`` prints: the task's own keys and those every task has.

    Args:
        saved: Whether the library has its record.
    """
    return {
        **job.result,
        "record": job.record if saved else "",
        "seconds": round(job.seconds or 0.0, 3),
        "machine": job.machine,
        "artifacts": [str(path) for path in paths],
    }


def _overview(host: PluginHost) -> ArgumentParser:
    tasks = "\n".join(f"  {task.id:<24}{task.title}" for _, task in host.tasks())
    return ArgumentParser(
        prog="studio run",
        usage="studio run TASK [--FLAG VALUE …] [--json] [--out FOLDER]",
        description="Run a task and save its results.",
        epilog=f"tasks (each has --help):\n{tasks or '  none: see `studio plugins list`'}",
    )


def _report(job: Job, arguments: Namespace, paths: Sequence[Path], *, saved: bool) -> None:
    """Print the results; of a stopped job, those finished by then."""
    stopped = job.state is JobState.CANCELLED
    note = str(job.result.get("note") or "")
    if stopped:
        output.hint("Stopped; finished results were saved." if paths else "Stopped.")
    if arguments.json:
        state = {"state": str(job.state)} if stopped else {}
        output.print_json(result_of(job, paths, saved=saved) | state)
        return
    if stopped and not job.artifacts:
        if note and not arguments.quiet:
            output.hint(f"note     {note}")
        return
    if not any(channel in SHOWN for channel in job.texts()):
        for artifact in job.artifacts:
            _print(artifact, job.result.get("columns"))
    for line in _rows_told(job.result):
        output.hint(line)
    if not arguments.quiet:
        if note:  # what a task found worth telling beside its result
            output.hint(f"note     {note}")
        for line in _kept(job, arguments, paths, saved=saved):
            output.hint(line)


def _print(artifact: SavedArtifact, columns: object) -> None:
    """Print a result: a table where the task names the ``columns`` of its CSV, else its text."""
    if not isinstance(columns, list) or artifact.path.suffix != ".csv":
        if artifact.text:
            output.say(artifact.text)
        return
    with artifact.path.open(encoding="utf-8", newline="") as file:
        rows = [[row.get(name) or "" for name in columns] for row in csv.DictReader(file)]
    output.print_columns(rows, [str(name) for name in columns])


def _rows_told(result: Mapping[str, Any]) -> list[str]:
    """Return a line for each row of a file that was skipped, changed or there twice."""
    rows = [row for name in _ROWS_TOLD for row in result.get(name) or ()]
    rows.sort(key=lambda row: int(row["line"]))
    lines = [f"line {row['line']}: {row['reason']}" for row in rows[:_MOST_TOLD]]
    untold = len(rows) - len(lines) + int(result.get("faults_untold") or 0)
    return [*lines, f"{untold:,} more rows are not listed."] if untold else lines


def _kept(job: Job, arguments: Namespace, paths: Sequence[Path], *, saved: bool) -> list[str]:
    """Return the lines that say where the results are: copies, or how to get one."""
    took = f"({job.seconds or 0.0:.1f} s)"
    if arguments.out:
        lines = [f"saved    {path}" for path in paths]
    elif saved:
        lines = [
            f"saved    {artifact.title or artifact.kind}: "
            f"`studio library export {artifact.id} --out FOLDER` copies it"
            for artifact in job.artifacts
        ]
    else:
        lines = []
    return [*lines, f"record   {job.record}  {took}" if saved else f"took     {took[1:-1]}"]
