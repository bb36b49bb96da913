"""``studio tour``: runs the examples declared by plugins, and saves the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.jobs import JobRequest
from studio.api.manifest import TourEntry
from studio.base import disk
from studio.cli.run import result_of
from studio.cli.terminal import output, output_files
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.library.provenance.exporter import Exporter
from studio.plugins import Plugin
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.terminals import OpenStudio

AnyStudio = Studio | OpenStudio
"""This process's own, or the one that is open elsewhere."""


@dataclass
class Stop:
    """One stop of the tour: an example and how it went.

    Attributes:
        missed: What the result lacks of what the example expects, in words.
    """

    plugin: Plugin
    example: TourEntry
    result: dict[str, Any] = field(default_factory=dict)
    error: StudioError | None = None
    missed: str = ""
    cancelled: bool = False

    @property
    def worked(self) -> bool:
        """Whether it produced the expected result."""
        return not (self.error or self.missed or self.cancelled)


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Run all examples; one that fails does not stop the others."""
    parser = ArgumentParser(
        prog="studio tour",
        description="Run an example of each plugin and save the results.",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="also copy the results to this folder"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    out = output_files.prepare(arguments.out) if arguments.out else None
    with session.at_work() as studio:
        stops = _walk(session, studio, out, arguments.json)
        _mention_plugins_without_examples(studio)
        better = list(_better_weights(studio))
    if arguments.json:
        output.print_json({"tour": [_as_json(stop) for stop in stops]})
    if any(stop.cancelled for stop in stops):
        return ExitCode.INTERRUPTED
    failed = [stop for stop in stops if not stop.worked]
    output.hint(f"\n{len(stops) - len(failed)} of {len(stops)} examples worked.")
    for line in better:
        output.hint(line)
    if failed:
        return ExitCode.FAILED
    return ExitCode.OK if session.saves else ExitCode.CANNOT_SAVE


def _walk(session: StudioSession, studio: AnyStudio, out: Path | None, quiet: bool) -> list[Stop]:
    stops: list[Stop] = []
    follower = JobProgress(studio, show_progress=not quiet, show_text=not quiet)
    for plugin in studio.plugins.usable():
        for example in plugin.manifest.tour if plugin.manifest else ():
            if follower.interrupted:
                return stops
            stop = Stop(plugin, example)
            stops.append(stop)
            if not quiet:
                output.say(f"\n{plugin.title} · {example.title}")
            try:
                _run(stop, studio, follower, out, session)
            except StudioError as error:
                stop.error = error
                output.hint(f"failed   {error}")
    return stops


def _run(
    stop: Stop, studio: AnyStudio, follower: JobProgress, out: Path | None, session: StudioSession
) -> None:
    example = stop.example
    job = studio.submit(JobRequest(example.task, example.params, title=example.title, whole=True))
    follower.follow(job)
    if job.state is JobState.CANCELLED:
        stop.cancelled = True
        output.hint("Stopped.")
        return
    if job.error is not None:
        raise job.error
    folder = output_files.prepare(out / stop.plugin.id) if out else None
    artifacts = job.artifacts if folder or session.saves else ()
    exporter = Exporter(studio.library, session.paths, session.settings)
    paths = output_files.copies(exporter, artifacts, folder)
    stop.result = result_of(job, paths, saved=session.saves)
    stop.missed = missing(stop.example.expects, job.result)
    if stop.missed:
        output.hint(f"failed   It ended, but {stop.missed}.")
    for path in paths if folder else ():
        output.hint(f"saved    {path}")
    output.hint(f"took     {job.seconds or 0.0:.1f} s")


def missing(expects: Mapping[str, Any], result: Mapping[str, Any], inside: str = "") -> str:
    """Return the expected values missing in ``result``, in words; empty if it is right."""
    for key, wanted in expects.items():
        name, value = f"{inside}{key}", result.get(key)
        if isinstance(wanted, Mapping):
            inner = value if isinstance(value, Mapping) else {}
            if words := missing(wanted, inner, f"{name}."):
                return words
        elif isinstance(wanted, str):
            if wanted.casefold() not in str(value).casefold():
                return f"“{wanted}” is not in its {name}"
        elif value != wanted:
            return f"its {name} is {value}, not {wanted}"
    return ""


def _better_weights(studio: AnyStudio) -> Iterator[str]:
    """Yield what could be said of sets of weights that are not here yet."""
    for row in studio.weights.better()[:1]:
        if row.offer:
            size = disk.as_size(row.bytes)
            yield (
                "The language model that comes along is very small: quick, and often wrong. For "
                f"better answers get {row.title} ({size}): studio models get {row.offer.name}"
            )


def _mention_plugins_without_examples(studio: AnyStudio) -> None:
    for plugin in studio.plugins.plugins:
        if not plugin.is_usable:
            output.hint(f"\n{plugin.title}: skipped. {plugin.reason}")
        elif plugin.manifest and not plugin.manifest.tour:
            output.hint(f"\n{plugin.title}: no examples.")


def _as_json(stop: Stop) -> dict[str, Any]:
    head = {"plugin": stop.plugin.id, "task": stop.example.task, "title": stop.example.title}
    if stop.error:
        return {**head, "worked": False, "error": str(stop.error)}
    facts = {"missed": stop.missed} if stop.missed else {}
    return {**head, "worked": stop.worked, **facts, **stop.result}
