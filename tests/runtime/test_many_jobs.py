"""A storm of jobs: of those that are over the runtime keeps nothing but a bounded trace."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from studio.protocol.states import JobState
from studio.runtime.jobs.job import Job
from tests.runtime.desk import Desk, Toy

pytestmark = pytest.mark.torch
MANY = 300


def test_jobs_that_are_over_are_let_go(desk: Desk) -> None:
    def quick(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.result(text=params.text)

    desk.plugin("toy", {"quick": quick})
    jobs = [desk.submit("toy.quick", text="x" * 10_000) for _ in range(MANY)]
    assert {desk.finished(job).state for job in jobs} == {JobState.DONE}
    gc.collect()
    kept = [each for each in gc.get_objects() if type(each) is Job]
    assert len(kept) < 10, [job.id for job in kept[:20]]
