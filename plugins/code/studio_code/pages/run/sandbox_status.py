"""Which sandbox there is on this machine, learnt by running a program that does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from studio.api import JobHandle, JobRequest, PluginContext, StudioError
from studio.api.window.language import tr, tr_filled

_EMPTY = [{"path": "nothing.py", "text": ""}]


class SandboxStatus:
    """Asked once, then known.

    Attributes:
        tier: ``A`` or ``B``; empty while unknown or where there are none.
        reason: Why nothing can be run, in a sentence; empty while that is not known.
    """

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self.tier = self.reason = ""

    def look(self, then: Callable[[], None]) -> JobHandle | None:
        """Call ``then`` once it is known which sandbox there is; return the job that looks."""
        if self.tier:
            then()
            return None
        params = {"path": "nothing.py", "mode": "run"}
        try:
            job = self._ctx.tasks.submit(
                JobRequest(
                    "code.run",
                    params,
                    title=tr("Check the sandbox"),
                    inputs={"files": _EMPTY},
                    keep=False,
                )
            )
        except StudioError as error:
            self._refused(error, then)
            return None
        job.on_done(lambda result: self._known(result, then))
        job.on_failed(lambda error: self._refused(error, then))
        job.on_cancelled(then)
        return job

    def learn(self, tier: str) -> None:
        """Take note of the tier that a run had."""
        self.tier, self.reason = tier, ""

    def _known(self, result: Mapping[str, Any], then: Callable[[], None]) -> None:
        self.learn(str(result.get("tier") or ""))
        then()

    def _refused(self, error: StudioError, then: Callable[[], None]) -> None:
        self.reason = tr_filled(error)
        then()
