"""Many jobs, stopped, paused and promoted at random: each ends once, and nothing is left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Cancel, Finished, JobChanged, Pause, Promote, Resume, Unload
from studio.protocol.states import JobState, Lane, Priority
from tests.runtime.desk import Desk, Toy, small_machine

pytestmark = [pytest.mark.torch, pytest.mark.slow]

NAMES = ("one", "two", "three", "four")


def borrow(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    alone = ctx.alone() if params.text == "alone" else nullcontext()
    with alone, ctx.lease(params.weights) as model:
        for step in range(params.number):
            assert model.name == params.weights
            yield ctx.progress(step + 1, params.number)
    if params.text == "fails":
        raise ValueError("as it was told")
    yield ctx.result(ran=True)


@pytest.mark.parametrize("seed", range(2))
def test_a_storm_of_commands(desk: Desk, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    small_machine(monkeypatch)
    chance = random.Random(seed)
    desk.plugin("long", {"borrow": borrow})
    desk.plugin("short", {"borrow": borrow}, lane=Lane.INTERACTIVE)
    for name in NAMES:
        desk.weights(name, 400)  # two of four fit
    jobs = []
    for _ in range(70):
        task = chance.choice(["long.borrow", "short.borrow"])
        jobs.append(
            desk.submit(
                task,
                weights=chance.choice(NAMES),
                number=chance.randrange(6),
                text=chance.choice(["", "", "", "alone", "fails"]),
                priority=chance.choice(list(Priority)),
            )
        )
        for _ in range(chance.randrange(3)):
            command = chance.choice([Cancel, Pause, Resume, Promote])
            desk.send(command(chance.choice(jobs)))
        if chance.random() < 0.1:
            desk.send(Unload(chance.choice(NAMES)))
    for job in jobs:
        desk.send(Resume(job))
    ends = [desk.finished(job) for job in jobs]
    desk.heard_all()
    assert set(
        Counter(each.job for each in desk.messages if isinstance(each, Finished)).values()
    ) == {1}
    for job, end in zip(jobs, ends):
        if end.state is JobState.FAILED:
            assert end.error is not None
            assert end.error.code is ErrorCode.PLUGIN_FAILED, end.error
            assert "as it was told" in end.error.message
        states = [each.state for each in desk.of(job, JobChanged)] + [end.state]
        old = JobState.QUEUED
        for new in states:
            # The same state again only says another reason.
            assert new is old or old.can_become(new), states
            old = new
    assert desk.loader.most_builders == 1
    assert all(not each.users for each in desk.server._pool.status())
    assert desk.server._scheduler.running() == ()
    for name in NAMES:
        desk.send(Unload(name))
    desk.wait(lambda each: not desk.server._pool.status())
    assert sorted(desk.loader.loads) == sorted(desk.loader.unloads)
