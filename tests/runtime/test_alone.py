"""Jobs that must compute alone: nobody else steps, the shared generators are theirs."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from studio.plugin_process.rng import seeded_globals
from studio.protocol.messages import Cancel, Pause
from studio.protocol.states import JobState, Lane
from tests.runtime.desk import PATIENCE, Desk, Toy, small_machine

pytestmark = pytest.mark.torch


def global_numbers() -> list[float]:
    """Draw from every generator that all threads share."""
    import numpy
    import torch

    return [random.random(), float(numpy.random.rand()), float(torch.rand(1))]


class Draw:
    """Draws from the shared generators over several steps, and notes who else was drawing."""

    def __init__(self) -> None:
        self.inside: set[str] = set()
        self.met: list[set[str]] = []

    def alone(self, ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.alone():
            yield from self.freely(ctx, params)

    def freely(self, ctx: Any, params: Toy) -> Iterator[Any]:
        drawn = []
        for _ in range(30):
            self.inside.add(ctx.job)
            drawn += global_numbers()
            self.met.append(set(self.inside))
            yield None
        self.inside.discard(ctx.job)
        yield ctx.result(drawn=drawn)


def test_alone_means_alone_in_both_lanes_and_draws_are_the_jobs_own(desk: Desk) -> None:
    draw = Draw()
    desk.plugin("long", {"draw": draw.alone})
    desk.plugin("short", {"draw": draw.alone}, lane=Lane.INTERACTIVE)
    expected = {seed: desk.run("long.draw", seed=seed).result["drawn"] for seed in (1, 2)}
    assert expected[1] != expected[2]
    jobs = {
        desk.submit(task, seed=seed): seed
        for task in ("long.draw", "short.draw")
        for seed in (1, 2, 1)
    }
    for job, seed in jobs.items():
        assert desk.finished(job).result["drawn"] == expected[seed]
    assert {len(each) for each in draw.met} == {1}


def test_without_it_they_do_mix(desk: Desk) -> None:
    """The control: the test above can fail."""
    draw = Draw()
    desk.plugin("long", {"draw": draw.freely})
    jobs = [desk.submit("long.draw", seed=1) for _ in range(2)]
    first, second = [desk.finished(job).result["drawn"] for job in jobs]
    assert first != second
    assert max(len(each) for each in draw.met) == 2


def test_generators_are_left_as_they_were() -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)
    with seeded_globals(1):
        first = global_numbers()
    assert random.random() == expected
    with seeded_globals(1):
        assert global_numbers() == first


def test_others_go_on_while_a_job_that_is_alone_waits_for_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_machine(monkeypatch)
    holds, go = threading.Event(), threading.Event()

    def hold(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease("big"):
            holds.set()
            while not go.is_set():
                yield None

    def needs(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.alone(), ctx.lease("other"):
            yield None

    desk.plugin("toy", {"hold": hold, "needs": needs})
    desk.weights("big", 600)
    desk.weights("other", 600)
    first = desk.submit("toy.hold")
    assert holds.wait(PATIENCE)
    second = desk.submit("toy.needs")
    desk.state(second, JobState.WAITING, "toy is using it")
    go.set()
    assert desk.finished(first).state is JobState.DONE
    assert desk.finished(second).state is JobState.DONE


@pytest.mark.parametrize("how", ["cancelled", "raises"])
def test_the_end_of_a_job_ends_its_being_alone(desk: Desk, how: str) -> None:
    began = threading.Event()

    def endless(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.alone(), ctx.alone():
            began.set()
            while how == "cancelled":
                yield None
            raise ValueError("no")

    desk.plugin("toy", {"endless": endless})
    desk.plugin("other", {"quick": lambda ctx, params: iter([None])}, lane=Lane.INTERACTIVE)
    job = desk.submit("toy.endless")
    assert began.wait(PATIENCE)
    waiting = desk.submit("other.quick")
    desk.send(Pause(job))  # not while it is alone: it would stop everybody
    desk.send(Cancel(job))
    assert desk.finished(job).state.is_terminal
    assert desk.finished(waiting).state is JobState.DONE
