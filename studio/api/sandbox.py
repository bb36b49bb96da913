"""Sandboxed execution of untrusted code: requests and results of a task. Data only."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class SandboxLimits:
    """Resource limits of a run; exceeding one ends it.

    Attributes:
        wall_seconds: From start to kill, including sleep.
        cpu_seconds: CPU time per process.
        memory_bytes: Address space per process, and resident memory of all together.
        file_bytes: Size of one file.
        scratch_bytes: Size of all files together.
        processes: Concurrent processes, including threads.
        open_files: Open files per process.
        output_bytes: Standard output and error together.
    """

    wall_seconds: float = 30.0
    cpu_seconds: int = 10
    memory_bytes: int = 1 << 30
    file_bytes: int = 64 << 20
    scratch_bytes: int = 256 << 20
    processes: int = 64
    open_files: int = 64
    output_bytes: int = 1 << 20


@dataclass(frozen=True)
class SandboxRequest:
    """One run.

    Attributes:
        command: The first word ``python`` is the sandbox's own interpreter.
        files: Relative path → content, put into a fresh folder, which is the working folder.
            Nothing else of the user's can be seen.
        stdin: What standard input holds.
        packages: Installed distributions lent for reading, each with what it needs (``pytest``).
            Others are not there.
        folders: Absolute paths of folders of installed programs, lent for reading where they lie:
            a compiler outside of ``/usr``. Never somebody's home or what is above one.
        collect: Globs of the files to bring back (``*.json``: of every folder).
        limits: When to end it.
    """

    command: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""
    packages: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    limits: SandboxLimits = SandboxLimits()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class SandboxResult:
    """How a run ended. Everything in it was made by code that nobody trusts.

    Attributes:
        tier: Of the sandbox it ran in: ``A`` namespaces, system-call filter, file rules and
            limits; ``B`` the same without namespaces.
        ended: ``exit`` or ``signal`` of itself; ``wall time``, ``cpu time``, ``output``, ``memory``
            or ``disk`` when a limit was met.
        exit_code: Of the command; negative a signal's number; None when it was ended by a limit.
        stdout, stderr: Up to the limit. Show them through ``clean_text`` only.
        seconds: From start to end.
        files: Regular files that were asked for; 256 at most, of 64 MiB together.
        refused: What lay there and was not brought back, with the reason.
    """

    tier: str
    ended: str
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    files: Mapping[str, bytes] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the command ended by itself with 0."""
        return self.ended == "exit" and self.exit_code == 0


@dataclass(frozen=True)
class SandboxStep:
    """An event of a run: output since the previous event, and at the end the result."""

    stdout: bytes = b""
    stderr: bytes = b""
    result: SandboxResult | None = None


class Sandbox(Protocol):
    """The sandbox of this machine."""

    @property
    def tier(self) -> str:
        """``A`` or ``B``; empty where none can be set up, and then nothing runs."""
        ...

    @property
    def reason(self) -> str:
        """Why the tier is not ``A``, in a sentence; empty where it is."""
        ...

    def run(self, request: SandboxRequest, given: int = -1) -> Generator[SandboxStep, None, None]:
        """Run a command in the sandbox; a step at least every 50 ms, the last with the result.

        Closing the generator ends the run and all that it started.

        Args:
            given: Descriptor of a file, open for reading alone, that becomes the standard input:
                a stranger's file, however large. It stays yours. Standard output is then in the
                steps alone, not in the result.

        Raises:
            StudioError: ``UNSUPPORTED``: no sandbox, no run. ``BAD_INPUT``: the request is
                malformed, or names a command or a package that is not there.
        """
        ...
