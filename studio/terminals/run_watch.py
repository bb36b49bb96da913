"""A run of a workflow that goes on here for a terminal. On the studio's thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.terminals.messages import ResumeRun, RunBegun, RunWent, StartRun

if TYPE_CHECKING:
    from studio.studio import Studio


class RunWatch:
    """Begins or resumes a run, and tells how far it is."""

    def __init__(
        self, studio: Studio, order: StartRun | ResumeRun, tell: Callable[[msgspec.Struct], None]
    ) -> None:
        """Begin.

        Raises:
            StudioError: The workflow cannot run here, or there is no such run.
        """
        workflows, self._tell = studio.workflows, tell
        self._is_mine = True
        if isinstance(order, StartRun):
            source = Path(order.path) if order.path else order.results
            self._runner = workflows.start(
                order.text, source, params=order.params, seed=order.seed, on=order.on
            )
        else:
            run = studio.library.workflow_runs.run(order.run)
            self._is_mine = run.id not in {runner.id for runner in workflows.active()}
            self._runner = workflows.resume(run, retry=order.retry, on=order.on)
        tell(RunBegun(self._runner.id, self._runner.title))
        self._end = self._runner.on_change(self._went)
        self._went()

    def stop(self) -> None:
        """Stop it: it can be resumed."""
        if not self._runner.is_over:
            self._runner.stop()

    def close(self) -> None:
        """Tell no more; stop the run, unless it was under way before."""
        self._end()
        if self._is_mine:
            self.stop()

    def _went(self) -> None:
        runner = self._runner
        self._tell(
            RunWent(
                runner.state,
                dict(runner.counts),
                runner.stopping,
                runner.is_coming,
                runner.seconds_left,
                runner.error.info() if runner.error else None,
            )
        )
