"""Out of memory as a state: the idle go, then the work is made smaller, then the user is asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence

from studio.api.worker.context import Event, Outcome, Rung, Setting
from studio.protocol.errors import StudioError, brief
from studio.protocol.states import JobState
from studio.runtime.devices.memory import give_back, ran_out
from studio.runtime.jobs.error_translation import release
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.plugin_workers import Contained
from studio.runtime.pool.pool import Pool

log = logging.getLogger(__name__)


def oom_fallback(
    job: Job,
    pool: Pool,
    rungs: Sequence[Rung[Setting]],
    body: Callable[[Setting], Generator[Event, None, Outcome]],
) -> Generator[Event, None, Outcome]:
    """Do ``body`` of the highest rung that memory allows; see ``TaskContext.ladder``."""
    details = ""
    refusal: StudioError | None = None
    for number, rung in enumerate(rungs):
        if number:
            log.info("job %s: %s", job.id, details)
            go_on(job, pool, rung.words or "smaller pieces")
        for _ in range(2):
            try:
                return (yield from body(rung.setting))
            except Contained as error:
                if not ran_out(error):
                    raise
                details = brief(error)
                refusal = error if isinstance(error, StudioError) else None
                release(error)
            # Outside of the ``except``: the error kept alive what the body had made.
            if not make_way(job, pool):
                break
    raise refusal or pool.too_much(job, details)


def go_on(job: Job, pool: Pool, words: str) -> None:
    """Note, and tell, that ``job`` goes on with less."""
    log.info("job %s continues with %s", job.id, words)
    pool.reduced(job, words)
    job.become(JobState.RUNNING, f"memory ran out: continuing with {words}")


def make_way(job: Job, pool: Pool) -> bool:
    """Free all that can be freed; return whether it is worth to try the same again."""
    give_back()
    return pool.relieve(job) > 0
