"""Equal time within a class: long steps beside short ones, newcomers, jobs of one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

import pytest

from studio.protocol.messages import Submit
from studio.protocol.states import Lane
from studio.runtime.jobs.job import Job
from studio.runtime.scheduling.fair_share import TOGETHER, FairShare


class Class:
    """A class of jobs as the scheduler keeps it; the clock is what the steps are said to take."""

    def __init__(self, under_way: int = 4) -> None:
        self.turns = FairShare(under_way)
        self.queue: list[Job] = []
        self.begun: list[Job] = []
        self.order: list[str] = []

    def add(self, name: str, batch: str = "", caller: Job | None = None) -> Job:
        submit = Submit(name, "toy.task", {}, 1)
        job = Job(
            submit,
            plugin="toy",
            lane=Lane.BATCH,
            blobs=(),
            sink=lambda *sent: None,
            caller=caller,
        )
        job.batch = batch
        self.queue.append(job)
        return job

    def run(self, turns: int, seconds: Mapping[str, float]) -> Counter[str]:
        """Give ``turns`` turns; return the milliseconds that each job got."""
        got: Counter[str] = Counter()
        for _ in range(turns):
            job = self.turns.next(self.queue, self.begun, now=1.0)
            if job is None:
                break
            if job not in self.begun:
                self.begun.append(job)
                job._greenlet = cast(Any, object())  # as after a first step
            self.queue.remove(job)
            self.turns.charge(job, seconds[job.id])
            self.queue.append(job)
            self.order.append(job.id)
            got[job.id] += round(seconds[job.id] * 1000)
        return got

    def end(self, job: Job) -> None:
        self.queue.remove(job)
        self.begun.remove(job)
        self.turns.forget(job)


def test_jobs_with_long_and_short_steps_get_the_same_time() -> None:
    of_class = Class()
    for name in ("long", "short"):
        of_class.add(name)
    got = of_class.run(2000, {"long": 0.5, "short": 0.005})
    assert got["short"] == pytest.approx(got["long"], abs=500), "at most a long step apart"


def test_a_newcomer_neither_waits_for_nor_overtakes_those_that_run_long() -> None:
    of_class = Class()
    of_class.add("old")
    of_class.run(100, {"old": 0.1})
    of_class.add("new")
    got = of_class.run(100, {"old": 0.1, "new": 0.1})
    assert got["old"] == pytest.approx(got["new"], abs=100)


def test_who_was_away_has_saved_up_no_time() -> None:
    of_class = Class()
    away = of_class.add("away")
    of_class.add("other")
    of_class.run(10, {"away": 0.1, "other": 0.1})
    away.wake_at = 2.0  # it waits for memory
    of_class.run(100, {"other": 0.1})
    away.wake_at = 0.0
    got = of_class.run(100, {"away": 0.1, "other": 0.1})
    assert got["other"] == pytest.approx(got["away"], abs=100)


def test_jobs_of_one_batch_count_as_one_and_take_turns_in_order() -> None:
    of_class = Class(under_way=2)
    names = [f"text{number}" for number in range(TOGETHER)]
    for name in (*names, "one too many"):
        of_class.add(name, batch="smollm2")
    picture = of_class.add("picture")
    of_class.add("waits")
    # Whoever comes first makes the step of all; the others only fetch their token.
    steps = {**dict.fromkeys(names, 0.0001), names[0]: 0.04, "picture": 0.04}
    got = of_class.run(400, steps)
    assert set(got) == {*names, "picture"}
    texts = [name for name in of_class.order if name != "picture"]
    assert [texts.count(name) for name in names] == pytest.approx([len(texts) / 8] * 8, abs=1)
    assert got["picture"] == pytest.approx(sum(got[name] for name in names), rel=0.1)
    of_class.end(picture)
    assert of_class.run(50, {**steps, "waits": 0.04})["waits"], "a place became free"


def test_an_ended_job_leaves_nothing_behind() -> None:
    of_class = Class()
    for number in range(50):
        job = of_class.add(f"job{number}", batch="" if number % 2 else f"weights{number}")
        of_class.run(3, {job.id: 0.1})
        of_class.end(job)
    assert len(of_class.turns._spent) <= 1


def test_a_called_job_begins_in_the_place_of_its_caller_and_no_other_job_does() -> None:
    of_class = Class(under_way=1)
    caller = of_class.add("caller")
    of_class.run(1, {"caller": 0.1})
    of_class.queue.remove(caller)  # it waits for what it called for
    stranger = of_class.add("stranger")
    assert of_class.turns.next(of_class.queue, of_class.begun, 1.0) is None
    called = of_class.add("called", caller=caller)
    assert of_class.turns.next(of_class.queue, of_class.begun, 1.0) is called
    assert stranger in of_class.queue
