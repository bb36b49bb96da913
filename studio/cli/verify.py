"""``studio verify``: whether files were made by this studio, and whether they are unchanged."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.library import Library
from studio.library.provenance.examination import Verdict
from studio.library.provenance.statement import Source
from studio.library.provenance.verification import MEANING, Verified, verify
from studio.protocol.errors import StudioError

_LAST = 253_402_300_800
"""Seconds: the year 10000, which no date has."""
_PROBLEMS = (Verdict.CHANGED, Verdict.UNREADABLE)

_SOURCES = {
    Source.GENERATED.value: "made with AI",
    Source.EDITED.value: "edited with AI",
    Source.COMPUTED.value: "computed, without a trained model",
    Source.ENHANCED.value: "changed by a computation, without a trained model",
}


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Verify files; the exit code says whether one was changed or could not be read."""
    parser = ArgumentParser(
        prog="studio verify",
        description="Check the signed record of files, or of the side file next to them: who made "
        "them, and whether they were changed since. Nothing is sent or looked up.",
        epilog=MEANING,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    files = [path.expanduser() for path in arguments.files]
    with _library(session) as library:
        verified = list(verify(files, session.paths, library))
    if arguments.json:
        output.print_json({"files": [_plain(file) for file in verified], "meaning": MEANING})
    else:
        for file in verified:
            _print(file)
        output.hint(MEANING)
    bad = any(file.finding.verdict in _PROBLEMS for file in verified)
    return ExitCode.PROBLEMS if bad else ExitCode.OK


@contextlib.contextmanager
def _library(session: StudioSession) -> Iterator[Library | None]:
    """Open the library to read; without one, files are checked all the same."""
    try:
        library = Library.open(session.paths, read_only=True)
    except StudioError:
        yield None
        return
    with library:
        yield library


def _print(verified: Verified) -> None:
    finding, artifact = verified.finding, verified.artifact
    output.say(f"{output.one_line(str(verified.path), 200)}: {verified.title}")
    if finding.why:
        output.say(f"  {finding.why}")
    if finding.program:
        output.say(f"  Program: {finding.program}")
    if finding.source:
        output.say(f"  Source: {_SOURCES.get(finding.source, finding.source)}")
    if (run := verified.run) is not None:
        output.say(f"  Task: {output.one_line(run.task, 80)}")
        if run.models:
            output.say(f"  Model: {output.one_line(', '.join(run.models), 200)}")
        if 0 < run.created < _LAST:
            time_text = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.created))
            output.say(f"  Date: {time_text}")
    if artifact is not None:
        title = output.one_line(artifact.title or artifact.kind, 60)
        output.say(f"  In the library: {artifact.id}  {title}")


def _plain(verified: Verified) -> dict[str, Any]:
    finding, statement = verified.finding, verified.finding.statement
    return {
        "file": str(verified.path),
        "verdict": finding.verdict.value,
        "says": verified.title,
        "why": finding.why,
        "program": finding.program,
        "source": finding.source,
        "sha256": finding.sha256,
        "task": verified.run.task if verified.run else "",
        "models": list(verified.run.models) if verified.run else [],
        "created": verified.run.created if verified.run else None,
        "artifact": verified.artifact.id if verified.artifact else "",
        "recipe": statement.recipe if statement is not None else None,
    }
