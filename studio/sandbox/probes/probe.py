"""One attempt to do something forbidden in the sandbox, and its outcome. Data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from studio.api.sandbox import SandboxLimits
from studio.sandbox.probes.fixture import Fixture

DONE = b"DONE"
"""What a script prints when it has done what it must not."""


@dataclass(frozen=True)
class Seen:
    """A script after it has run, inside or outside.

    Attributes:
        ended: As in ``SandboxResult``.
        files: What came back, by name. Outside: read as somebody careless would read it.
        folder: Where the files lie; outside only.
    """

    stdout: bytes
    stderr: bytes
    ended: str
    files: dict[str, bytes] = field(default_factory=dict)
    folder: Path | None = None


_LIMITS = SandboxLimits(wall_seconds=10)

Judge = Callable[[Seen, Fixture], bool]


def printed_done(seen: Seen, fixture: Fixture) -> bool:
    """Whether the script says that it has done it."""
    return DONE in seen.stdout


@dataclass(frozen=True)
class Probe:
    """One attempt.

    Attributes:
        name: What is attempted.
        script: Python that attempts it; ``facts`` holds what it may know, ``call`` makes a system
            call by name, ``done`` says that it worked.
        leaked: Whether it worked in the sandbox.
        proof: Whether it worked outside, which shows that the attempt is a real one.
        limits: In the sandbox.
        collect: What is brought back.
        files: What lies in the working folder.
        arguments: Of Python, before the script.
    """

    name: str
    script: str
    leaked: Judge = printed_done
    proof: Judge = printed_done
    limits: SandboxLimits = _LIMITS
    collect: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The outcome of a probe.

    Attributes:
        blocked: It did not work in the sandbox.
        control: It did work outside.
        detail: How it ended in the sandbox, in a line.
    """

    name: str
    blocked: bool
    control: bool
    detail: str
