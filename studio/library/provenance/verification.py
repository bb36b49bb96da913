"""Whether files were made here and are unchanged. Reads them in a process of its own."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from studio.base.child import reader_command, runtime_environment
from studio.base.paths import StudioPaths
from studio.library import Artifact, Library
from studio.library.provenance import content_credentials
from studio.library.provenance.examination import Finding, Signer, Verdict
from studio.library.provenance.installation_key import InstallationKey
from studio.library.provenance.reading_process import Order
from studio.protocol.errors import StudioError

MEANING: Final = (
    "A signed record tells how a file was made and whether it was changed since. Anyone can "
    "remove it, so a file without one may have been made in any way."
)
_LONGEST, _MOST = 80, 8
"""Letters of a name, and models, that are told of a record from elsewhere."""
SECONDS: Final = 60
"""So long may one file take."""
_MODULE = "studio.library.provenance.reading_process"
_TITLES = {
    Verdict.OURS: "Made by this studio, unchanged",
    Verdict.ANOTHER: "Made by another installation, unchanged",
    Verdict.CHANGED: "Changed since it was signed",
    Verdict.NONE: "No provenance",
    Verdict.UNREADABLE: "Unreadable",
}


class Run(NamedTuple):
    """A record of the run that made a file; unverified unless the record is ours."""

    task: str
    models: tuple[str, ...]
    created: float


class Verified(NamedTuple):
    """The verification result of one file.

    Attributes:
        artifact: The original of this copy, if it is in the library.
        run: The run that made it, from the library or else its signed record; None if unknown.
    """

    path: Path
    finding: Finding
    artifact: Artifact | None = None
    run: Run | None = None

    @property
    def title(self) -> str:
        """The verdict in words."""
        return _TITLES[self.finding.verdict]


def verify(
    files: Sequence[Path], paths: StudioPaths, library: Library | None = None
) -> Iterator[Verified]:
    """Yield what each file comes to, in their order. Slow: beside the window.

    Args:
        library: Where to look for what they are copies of.

    Raises:
        StudioError: This installation cannot check signatures.
    """
    content_credentials.require()
    key = InstallationKey.if_any(paths)
    for path, finding in zip(files, _findings(files, signer(key)), strict=True):
        artifact = _found_again(finding, key, library)
        yield Verified(path, finding, artifact, _run(finding, artifact, library))


def signer(key: InstallationKey | None) -> Signer | None:
    """Return the signer that identifies files signed with a key."""
    if key is None:
        return None
    return Signer(key.authority.decode(), key.serial, key.public)


def _run(finding: Finding, artifact: Artifact | None, library: Library | None) -> Run | None:
    """Return what made a file. A record from elsewhere may say anything, in any form."""
    if library is not None and artifact is not None and artifact.record:
        record = library.record(artifact.record)
        return Run(record.task, tuple(record.weights), record.created)
    content = finding.statement.recipe if finding.statement is not None else None
    try:
        recipe = msgspec.convert((content or {}).get("record"), _Told)
    except msgspec.ValidationError:
        return None
    return Run(recipe.task[:_LONGEST], tuple(recipe.weights)[:_MOST], recipe.created)


class _Told(msgspec.Struct, frozen=True):
    """The published part of a recipe."""

    task: str
    created: float = 0.0
    weights: dict[str, str] = {}


def _found_again(
    finding: Finding, key: InstallationKey | None, library: Library | None
) -> Artifact | None:
    """Return the library's original of the file: by its record, else byte by byte."""
    if library is None:
        return None
    statement = finding.statement
    if key is not None and statement is not None and finding.verdict is not Verdict.ANOTHER:
        try:
            return library.artifact(key.reveal(statement.artifact))
        except StudioError:
            pass
    return (
        next(iter(library.find(digest=finding.sha256, limit=1)), None) if finding.sha256 else None
    )


def _findings(files: Sequence[Path], ours: Signer | None) -> Iterator[Finding]:
    """Yield a finding for each file; a crash of the process affects one file only."""
    left = list(files)
    while left:
        for finding in _of_one_process(tuple(left), ours):
            left.pop(0)
            yield finding
        if left:
            left.pop(0)
            why = "Reading it took too much time or memory, so it was given up."
            yield Finding(Verdict.UNREADABLE, why)


def _of_one_process(files: Sequence[Path], ours: Signer | None) -> Iterator[Finding]:
    order = msgspec.json.encode(Order([str(path.absolute()) for path in files], ours))
    process = subprocess.Popen(
        reader_command(_MODULE),
        env=runtime_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=os.path.abspath(os.sep),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(order + b"\n")
        process.stdin.flush()
        for _ in files:
            timer = threading.Timer(SECONDS, process.kill)
            timer.start()
            line = process.stdout.readline()
            timer.cancel()
            try:
                yield msgspec.json.decode(line, type=Finding)
            except msgspec.MsgspecError:  # it died in the middle
                return
    except BrokenPipeError:
        return
    finally:
        process.kill()
        process.communicate()
