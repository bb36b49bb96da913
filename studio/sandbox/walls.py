"""The sandbox of this machine: which walls can be raised, and runs behind them."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator

from studio.api.sandbox import SandboxRequest, SandboxStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox import interpreter as pythons
from studio.sandbox import lending, plan
from studio.sandbox import request as request_check
from studio.sandbox.interpreter import Interpreter
from studio.sandbox.run import Run


class Walls:
    """The strongest walls that stand here. Raised once for a trial before anything is run."""

    def __init__(self, interpreter: Interpreter | None = None) -> None:
        self._interpreter = interpreter or pythons.current()

    @property
    def tier(self) -> str:
        """``A`` or empty."""
        return self._trial[0]

    @property
    def reason(self) -> str:
        """Why it is not ``A``."""
        return self._trial[1]

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        """Run a command behind the walls; see :class:`studio.api.sandbox.Sandbox`."""
        request_check.check(request)
        if not self.tier:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"Code cannot be run safely on this machine, so it is not run: {self.reason}",
                "“studio doctor sandbox” says what would help.",
            )
        return self._run(request, self.tier).steps()

    @functools.cached_property
    def _trial(self) -> tuple[str, str]:
        try:
            for _ in self._run(SandboxRequest(command=()), "A").steps():
                pass
        except StudioError as error:
            return "", error.message
        return "A", ""

    def _run(self, request: SandboxRequest, tier: str) -> Run:
        lent = lending.entries(request.packages)
        bwrap = shutil.which("bwrap")
        assert bwrap
        made = plan.with_namespaces(bwrap, self._interpreter, request, lent)
        return Run(tier, made, request)
