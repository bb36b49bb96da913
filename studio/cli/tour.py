"""``studio tour``: runs the examples that plugins declare, and saves what they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.manifest import TourEntry
from studio.cli import saving, terminal
from studio.cli.exit_code import ExitCode
from studio.cli.flags import ArgumentParser
from studio.cli.follow import Follower
from studio.cli.run import result_of
from studio.cli.session import Session
from studio.core.plugins import Plugin
from studio.core.studio import Studio
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState


@dataclass
class Stop:
    """One stop of the tour: an example and how it went."""

    plugin: Plugin
    example: TourEntry
    result: dict[str, Any] = field(default_factory=dict)
    error: StudioError | None = None
    cancelled: bool = False


def main(argv: Sequence[str], session: Session) -> int:
    """Run all examples; one that fails does not stop the others."""
    parser = ArgumentParser(
        prog="studio tour",
        description="Run an example of each plugin, print and save what it made.",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="copy the results there")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    out = saving.prepare(arguments.out) if arguments.out else None
    with session.studio(passing=True) as studio:
        stops = _walk(session, studio, out, arguments.json)
        _mention_plugins_without_examples(studio)
    if arguments.json:
        terminal.print_json({"tour": [_as_json(stop) for stop in stops]})
    if any(stop.cancelled for stop in stops):
        return ExitCode.INTERRUPTED
    failed = [stop for stop in stops if stop.error]
    terminal.hint(f"\n{len(stops) - len(failed)} of {len(stops)} examples worked.")
    return ExitCode.FAILED if failed else ExitCode.OK


def _walk(session: Session, studio: Studio, out: Path | None, quiet: bool) -> list[Stop]:
    stops: list[Stop] = []
    follower = Follower(studio, show_progress=not quiet, show_text=not quiet)
    for plugin in studio.plugins.usable():
        for example in plugin.manifest.tour if plugin.manifest else ():
            if follower.interrupted:
                return stops
            stop = Stop(plugin, example)
            stops.append(stop)
            if not quiet:
                terminal.say(f"\n{plugin.title} · {example.title}")
            try:
                _run(stop, studio, follower, out, saves=session.saves)
            except StudioError as error:
                stop.error = error
                terminal.hint(f"failed   {error}")
    return stops


def _run(stop: Stop, studio: Studio, follower: Follower, out: Path | None, *, saves: bool) -> None:
    job = studio.submit(stop.example.task, stop.example.params, title=stop.example.title)
    follower.follow(job)
    if job.state is JobState.CANCELLED:
        stop.cancelled = True
        terminal.hint("Stopped.")
        return
    if job.error is not None:
        raise job.error
    folder = saving.prepare(out / stop.plugin.id) if out else None
    paths = saving.copies(studio.library, job.artifacts, folder) if folder or saves else []
    stop.result = result_of(job, paths, saved=saves)
    for path in paths if folder else ():
        terminal.hint(f"saved    {path}")
    terminal.hint(f"took     {job.seconds or 0.0:.1f} s")


def _mention_plugins_without_examples(studio: Studio) -> None:
    for plugin in studio.plugins.plugins:
        if not plugin.is_usable:
            terminal.hint(f"\n{plugin.title}: left out. {plugin.reason}")
        elif plugin.manifest and not plugin.manifest.tour:
            terminal.hint(f"\n{plugin.title}: declares no examples.")


def _as_json(stop: Stop) -> dict[str, Any]:
    head = {"plugin": stop.plugin.id, "task": stop.example.task, "title": stop.example.title}
    if stop.error:
        return {**head, "error": str(stop.error)}
    return {**head, **stop.result}
