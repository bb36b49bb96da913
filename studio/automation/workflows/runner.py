"""Runs the rows of one run on a machine, and tells how far it is. Looks nothing up itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from studio.automation.workflows.machine import Ask, End, Machine
from studio.automation.workflows.progress import RunProgress
from studio.automation.workflows.row_work import Batch, RowWork
from studio.base.background import Background
from studio.library import Library
from studio.library.workflow_runs import RowState, RunState
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState


class Runner(RunProgress):
    """One run that is under way. Used on the owner's thread."""

    def __init__(
        self,
        library: Library,
        id: str,
        title: str,
        machine: Machine,
        background: Background,
    ) -> None:
        super().__init__(id, title)
        self._library = library
        self._machine = machine
        self._background = background
        self._work: RowWork | None = None
        self._under_way: dict[str, Ask] = {}
        self._is_looking = False
        self._may_be_more = False
        self._is_ending = False
        self._began = time.monotonic()
        self._done_before: int | None = None
        self._observers: list[Callable[[], None]] = []
        self._end_events = machine.events(self._heard)

    @property
    def is_coming(self) -> bool:
        """Whether its machine is being reached, so that nothing runs yet."""
        return not self.is_over and self._machine.is_coming

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take, by the rows of this session; None while unknown."""
        done = self.done - (self._done_before or 0)
        if done <= 0 or self.is_over:
            return None
        return (time.monotonic() - self._began) / done * (self.total - self.done)

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when rows got on or it is over; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def go(self, work: RowWork) -> None:
        """Run the rows of ``work``."""
        self._work = work
        self._look()

    def look_again(self) -> None:
        """Take up rows that wait again."""
        self._look()

    def stop(self) -> None:
        """Stop running steps; the run can be resumed. Finished results stay."""
        if self._is_ending or self.stopping:
            return
        self.stopping = True
        for job in list(self._under_way):
            self._machine.cancel(job)
        self._tell()
        self._settle()

    def fail(self, error: StudioError) -> None:
        """Stop because nothing more can be done."""
        self.error = self.error or error
        if self._work is None:
            self.stopping = True
            self._settle()
        else:
            self.stop()

    def close(self) -> None:
        """Leave it as a kill would: it is resumed from its records."""
        if not self.is_over:
            self._let_go()
            self.stopping = True

    # --- inside -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for steps to run, beside this thread."""
        if self._work is None or self._is_ending or self.stopping:
            return
        room = self._machine.capacity() - len(self._under_way)
        if self._is_looking or room <= 0:
            self._may_be_more = self._is_looking
            return
        self._is_looking, self._may_be_more = True, False
        work = self._work
        self._background.run(lambda: work.next(room), self._found, self._unfound)

    def _found(self, batch: Batch) -> None:
        self._is_looking = False
        self.counts = batch.counts
        if self._done_before is None:
            self._done_before = self.done
        if self.stopping:  # what was written down and not run is asked for at the next start
            self._settle()
            return
        for ask in batch.asks:
            self._under_way[ask.job] = ask
            try:
                self._machine.submit(ask)
            except StudioError as error:
                self._heard(End(ask.job, JobState.FAILED, error=error))
        if batch.finished and not self._under_way:
            self._finish(RunState.DONE)
            return
        if batch.more or self._may_be_more:
            self._look()
        self._tell()

    def _unfound(self, error: StudioError) -> None:
        self._is_looking = False
        self.fail(error)
        self._settle()

    def _heard(self, end: End | None) -> None:
        if end is None:
            self._look()
            return
        ask = self._under_way.pop(end.job, None)
        if ask is None or self._work is None:
            return
        is_left = end.state in (JobState.CANCELLED, JobState.LOST) and self.stopping
        if end.ends_run and end.error:
            self.fail(end.error)
        elif not is_left:
            work = self._work
            self._background.run(lambda: work.ended(ask, end), failed=self.fail)
        self._settle()
        self._look()

    def _settle(self) -> None:
        """Be stopped once nothing is under way."""
        if self.stopping and not (self._under_way or self._is_looking or self._is_ending):
            self._finish(RunState.STOPPED)

    def _finish(self, state: RunState) -> None:
        """Note the end, after all that is still being written down."""
        self._is_ending = True

        def written(counts: dict[RowState, int]) -> None:
            self.counts = counts or self.counts
            self.state, self.stopping = state, False
            self._let_go()
            self._tell()

        def write() -> dict[RowState, int]:
            self._library.workflow_runs.become(self.id, state)
            return self._library.workflow_runs.counts(self.id)

        def unwritten(error: StudioError) -> None:
            self.error = self.error or error
            written({})

        self._background.run(write, written, unwritten)

    def _let_go(self) -> None:
        self._end_events()
        self._machine.close()
        self._under_way.clear()

    def _tell(self) -> None:
        for call in list(self._observers):
            call()
