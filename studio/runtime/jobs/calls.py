"""A job that calls a task of another plugin: may it, what comes of it, how far it is.

The studio makes the called job (its record, its seed, its weights); here the caller waits for it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from studio.api.inputs import packed
from studio.api.worker.call_outcome import CallOutcome
from studio.plugin_process.plain_data import plain
from studio.protocol.blobs import describe
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.protocol.messages import Call
from studio.protocol.states import JobState
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.plugin_workers import Workers
from studio.runtime.jobs.running_call import RunningCall
from studio.runtime.pool.pool import Pool

MAX_DEPTH = 4
"""Jobs in a chain of calls, the first one included."""


class Calls:
    """Makes the calls of all jobs."""

    def __init__(self, workers: Workers, pool: Pool) -> None:
        self._workers = workers
        self._pool = pool

    def make(
        self,
        job: Job,
        task: str,
        params: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        title: str,
        parents: Sequence[str],
        keep: bool,
        units: float,
    ) -> Generator[None, None, CallOutcome]:
        """Run ``task`` for ``job``, which waits; see ``TaskContext.call``."""
        self._check(job, task)
        packed_inputs = {name: _packed(task, name, value) for name, value in inputs.items()}
        call = job.calling = RunningCall(job.calls + 1)
        job.calls = call.number
        wanted = Call(
            job.id,
            call.number,
            task,
            plain(dict(params), f"what “{task}” was given"),
            blobs={name: place for place, name in enumerate(packed_inputs)},
            specs={name: describe(blob) for name, blob in packed_inputs.items()},
            title=title,
            parents=tuple(parents),
            keep=keep,
        )
        reason = f"uses {self._workers.title(task)}"
        try:
            yield None
            job.feed.call(wanted, tuple(packed_inputs.values()))
            job.wait_until(lambda: _follow(job, call, reason, units), JobState.RUNNING)
        finally:
            job.calling = None
        job.become(JobState.RUNNING)
        job.feed.get_on(units)
        assert call.ended is not None
        if call.ended.state is JobState.CANCELLED:
            job.cancel_requested = True  # one Stop ends all of it
            raise Cancelled
        if call.ended.error is not None:
            raise StudioError.from_info(call.ended.error)
        return call.outcome()

    def _check(self, job: Job, task: str) -> None:
        """Refuse what was not declared, never ends, or would keep memory from others meanwhile."""
        own = self._workers.owner(task) == job.plugin
        if not own and task not in self._workers.uses(job.task):
            raise _refused(
                job,
                f"“{task}” is not declared",
                f'Its author must add uses = ["{task}"] to the manifest.',
            )
        chain = [each.task for each in job.chain]
        if task in chain:
            circle = " → ".join([*chain[chain.index(task) :], task])
            raise _refused(job, f"it would never end: {circle}", "A task cannot call itself.")
        if len(chain) >= MAX_DEPTH:
            raise _refused(
                job,
                f"at most {MAX_DEPTH} tasks may call one another: {' → '.join([*chain, task])}",
                "Call the last one from the first.",
            )
        if job.calling is not None:
            raise _refused(job, "its last call is not over", "Finish one call before the next.")
        if job.is_alone:
            raise _refused(job, "no other job can run meanwhile", "Leave ctx.alone() first.")
        if held := self._pool.held_by(job):
            raise _refused(
                job,
                f"it still holds the model “{held}”, whose memory the other task may need",
                "Leave the block of ctx.lease(…) first.",
            )


def _follow(job: Job, call: RunningCall, reason: str, units: float) -> str:
    """Pass on how far the called job is; return why to wait, empty when it is over."""
    over = call.ended is not None
    if (event := call.take_progress()) is not None:
        job.feed.pass_on(event, units)
    return "" if over else reason


def _packed(task: str, name: str, value: Any) -> Any:
    try:
        return packed(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"What “{task}” was given as “{name}” cannot be handed to it: {error}.",
            "Give bytes, text, plain data, or a contiguous array of numbers.",
        ) from error


def _refused(job: Job, why: str, hint: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin “{job.plugin}” cannot use another task here: {why}.",
        hint,
        plugin=job.plugin,
    )
