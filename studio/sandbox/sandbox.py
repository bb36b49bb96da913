"""The sandbox of this machine: which tier there is, and runs in it."""

from __future__ import annotations

import functools
import math
import os
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from studio.api.sandbox import SandboxLimits, SandboxRequest, SandboxStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox import interpreter as pythons
from studio.sandbox import lent_packages
from studio.sandbox.bubblewrap_tier import with_namespaces
from studio.sandbox.interpreter import Interpreter
from studio.sandbox.landlock_tier import without_namespaces
from studio.sandbox.plan import Openings, Plan
from studio.sandbox.run import Run, Started, start

MOST_FILES, LONGEST_NAME = 2000, 200

_NOTHING_MORE = Openings()

TIERS = ("A", "B")
"""From the strongest down."""


@dataclass(frozen=True)
class Trial:
    """The outcome of testing the sandbox.

    Attributes:
        tier: ``A``, ``B`` or empty.
        reason: Why it is not ``A`` with our own Python.
        interpreter: The Python that runs behind it; None where nothing runs.
    """

    tier: str
    reason: str
    interpreter: Interpreter | None = None


class Sandbox:
    """The strongest sandbox that works here.

    It is set up once for a trial before anything is run, and looked at again in every run: a
    run in a weaker sandbox than that of the trial does not happen.
    """

    def __init__(
        self, tiers: Sequence[str] = TIERS, interpreters: Sequence[Interpreter] | None = None
    ) -> None:
        """Choose among ``tiers``, and among the Pythons to run: by default our own, if it can."""
        self._tiers = tiers
        self._interpreters = pythons.candidates() if interpreters is None else interpreters

    @property
    def tier(self) -> str:
        """``A``, ``B``, or empty where nothing may run."""
        return self._trial.tier

    @property
    def reason(self) -> str:
        """Why the tier is not ``A``; empty where it is."""
        return self._trial.reason

    @property
    def python(self) -> Path | None:
        """The Python that runs in the sandbox; None where nothing does."""
        return self._trial.interpreter.executable if self._trial.interpreter else None

    def run(
        self,
        request: SandboxRequest,
        given: int = -1,
        lent: Mapping[str, Path] | None = None,
    ) -> Generator[SandboxStep, None, None]:
        """Run a command in the sandbox; see :class:`studio.api.sandbox.Sandbox`.

        Args:
            lent: More to lend for reading than the packages of the request: name → where it lies.
        """
        check(request)
        if not self.tier:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"Code cannot be run safely on this machine: {self.reason}",
                "Run “studio doctor sandbox” to see what would help.",
            )
        return self._start(request, self._trial, given, lent or {})

    def begin(
        self, request: SandboxRequest, given: int, openings: Openings
    ) -> tuple[Started, Plan]:
        """Start what runs until it is ended, such as the process of a plugin.

        Whoever calls this reads its output, ends it, and removes what the plan has made.

        Raises:
            StudioError: ``UNSUPPORTED``: there is no sandbox. ``BUSY``: there is no process for it.
        """
        if not self.tier:
            raise StudioError(ErrorCode.UNSUPPORTED, f"No sandbox is available: {self.reason}")
        plan = _plan(request, self._trial, {}, openings)
        try:
            return start(plan, request, given), plan
        except BaseException:
            plan.remove()
            raise

    def _start(
        self,
        request: SandboxRequest,
        trial: Trial,
        given: int = -1,
        lent: Mapping[str, Path] = MappingProxyType({}),
    ) -> Generator[SandboxStep, None, None]:
        """Start on the first step, so that a run that nobody steps leaves nothing behind."""
        plan = _plan(request, trial, lent)
        try:
            yield from Run(trial.tier, plan, request, given).steps()
        finally:
            plan.remove()

    @functools.cached_property
    def _trial(self) -> Trial:
        if sys.platform != "linux":
            return Trial("", "the sandbox works on Linux only.")
        reasons: list[str] = []
        for tier in self._tiers:
            for interpreter in self._interpreters:
                failure = self._try(Trial(tier, "", interpreter))
                if not failure:
                    is_best = (tier, interpreter) == ("A", self._interpreters[0])
                    return Trial(tier, "" if is_best else " ".join(reasons), interpreter)
                if failure not in reasons:
                    reasons.append(failure)
        return Trial("", " ".join(reasons))

    def _try(self, trial: Trial) -> str:
        """Run nothing in a sandbox; return why that cannot be done, empty if it can."""
        try:
            steps = list(self._start(SandboxRequest(("python", "-I", "-c", "")), trial))
        except StudioError as error:
            return f"Tier {trial.tier}: {error.message}"
        except OSError as error:
            return f"Tier {trial.tier}: it cannot be set up here ({error.strerror})."
        result = steps[-1].result
        assert result is not None
        if result.succeeded:
            return ""
        complaints = result.stderr.decode("utf-8", "replace").strip().splitlines()
        why = complaints[-1] if complaints else result.ended
        return f"Tier {trial.tier}: Python does not start in the sandbox ({why})."


@functools.cache
def own_sandbox() -> Sandbox:
    """Return the sandbox of this machine; it is tried once."""
    return Sandbox()


def _plan(
    request: SandboxRequest,
    trial: Trial,
    more: Mapping[str, Path],
    openings: Openings = _NOTHING_MORE,
) -> Plan:
    assert trial.interpreter is not None
    lent = lent_packages.entries(request.packages) | dict(more)
    tools = {path: Path(path) for path in request.folders}
    openings = replace(openings, folders={**openings.folders, **tools})
    if trial.tier == "A":
        return with_namespaces(_bubblewrap(), trial.interpreter, request, lent, openings)
    return without_namespaces(trial.interpreter, request, lent, openings)


def _bubblewrap() -> str:
    program = shutil.which("bwrap", path=os.defpath + ":/usr/local/bin:/usr/bin")
    if program is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "bubblewrap is not installed.",
            "Install your system's “bubblewrap” package.",
        )
    return program


def check(request: SandboxRequest) -> None:
    """Look at every part of a request.

    Raises:
        StudioError: ``BAD_INPUT``, with what is wrong.
    """
    if not request.command or not request.command[0] or "/" in request.command[0]:
        raise _bad("the command must begin with the name of a program")
    if any("\0" in word for word in request.command):
        raise _bad("the command contains a null character")
    if len(request.files) > MOST_FILES:
        raise _bad(f"there are more than {MOST_FILES} files")
    for name in request.files:
        _check_name(name)
    for folder in request.folders:
        _check_folder(folder)
    _check_limits(request.limits)
    size = sum(map(len, request.files.values()))
    if size > request.limits.scratch_bytes:
        raise _bad(
            f"its files have {size} bytes, but the scratch folder holds only "
            f"{request.limits.scratch_bytes}"
        )


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    is_plain = str(path) == name and not path.is_absolute() and path.parts
    if not is_plain or ".." in path.parts or not name.isprintable() or len(name) > LONGEST_NAME:
        raise _bad(f"{name[:LONGEST_NAME]!r} is not a plain relative path")


def _check_folder(name: str) -> None:
    """Refuse to lend a folder that is too general: not a program's, but a user's everything."""
    path = Path(name)
    if not path.is_absolute() or ".." in path.parts or not path.is_dir():
        raise _bad(f"{name[:LONGEST_NAME]!r} is not a folder")
    homes = {Path.home(), Path("/root"), Path("/home")}
    if any(home.is_relative_to(variant) for home in homes for variant in (path, path.resolve())):
        raise _bad(f"{name[:LONGEST_NAME]!r} holds a home")


def _check_limits(limits: SandboxLimits) -> None:
    for field in fields(limits):
        value = getattr(limits, field.name)
        if not math.isfinite(value) or value <= 0:
            raise _bad(f"the limit {field.name} must be above 0")


def _bad(why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"This cannot be run in the sandbox: {why}.",
        "Change it and try again.",
    )
