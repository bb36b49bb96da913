"""How far a run of a workflow is, whoever runs it."""

from __future__ import annotations

from studio.library.workflow_runs import RowState, RunState
from studio.protocol.errors import StudioError

_OVER = (RowState.DONE, RowState.FAILED)


class RunProgress:
    """How far a run is.

    Attributes:
        id: Of the run.
        title: What a person calls it.
        state: ``RUNNING`` until all rows are over or it was stopped.
        error: Why it stopped by itself; None if it did not.
        counts: How many rows are in which state.
        stopping: It was asked to stop, and steps are still under way.
    """

    def __init__(self, id: str, title: str) -> None:
        self.id = id
        self.title = title
        self.state = RunState.RUNNING
        self.error: StudioError | None = None
        self.counts: dict[RowState, int] = {}
        self.stopping = False

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is under way any more."""
        return self.state is not RunState.RUNNING

    @property
    def done(self) -> int:
        """How many rows are done or failed."""
        return sum(self.counts.get(state, 0) for state in _OVER)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())
