"""``studio library rerun ID``: makes a result again; says whether it is the same, or why not."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from studio.base.background import in_words
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import StudioError
from studio.rerun.report import Report, RerunVerdict
from studio.rerun.rerun import Rerun
from studio.studio import Studio
from studio.terminals import OpenStudio


def main(arguments: Namespace, session: StudioSession) -> int:
    """Run one result again and print the verdict; the exit code says whether it is the same."""
    with session.at_work(passing=False) as studio:
        report = _report(studio, arguments.id)
    if arguments.json:
        output.print_json(report.plain())
    else:
        _print(report)
    if report.trouble:
        return ExitCode.of(report.trouble.code)
    is_same = report.verdict in (RerunVerdict.IDENTICAL, RerunVerdict.WITHIN)
    return ExitCode.OK if is_same else ExitCode.PROBLEMS


def _report(studio: Studio | OpenStudio, id: str) -> Report:
    reports: list[Report] = []
    rerun = Rerun(studio, id, at_once, reports.append)
    rerun.start()
    if rerun.job is not None:
        JobProgress(studio, show_text=False).follow(rerun.job)
    while not reports:
        studio.pump(0.1)
    return reports[0]


def _print(report: Report) -> None:
    output.say(report.sentence)
    effects = [effect for difference in report.differences for effect in difference.effects]
    for effect in effects:
        value = f"{effect.value:g} {effect.unit}".strip()
        bound = "" if effect.tolerance is None else f"   (tolerance {effect.tolerance:g})"
        output.say(f"  {effect.name:<40} {value}{bound}")
    for cause in report.causes:
        output.say(f"  changed since: {cause.words}")
    for id in report.made:
        output.hint(f"new      `studio library show {id}`")


def at_once(
    call: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[StudioError], None]
) -> None:
    """Do slow work here and now: nobody else needs this thread."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 - the border that a background thread would be
        failed(in_words(error))
        return
    then(answer)
