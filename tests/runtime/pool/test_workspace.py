"""Memory that a task reserves for what it computes by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from studio.protocol.errors import ErrorCode
from studio.protocol.messages import JobChanged
from studio.protocol.states import JobState, Lane
from tests.runtime.desk import PATIENCE, Desk, Holder, Toy, small_machine

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 1,000 bytes, of which the pool may fill 900."""
    small_machine(monkeypatch)


class Trainer:
    """Holds memory of its own until it may go on."""

    def __init__(self) -> None:
        self.go, self.holds = threading.Event(), threading.Event()

    def hold(self, ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.reserve(params.number):
            self.holds.set()
            while not self.go.is_set():
                yield None
        yield ctx.result(done=True)

    def hold_twice(self, ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.reserve(400), ctx.reserve(params.number):
            yield None
        yield ctx.result(done=True)


@pytest.fixture
def trainer(desk: Desk) -> Iterator[Trainer]:
    trainer = Trainer()
    desk.plugin("trainer", {"hold": trainer.hold, "twice": trainer.hold_twice})
    yield trainer
    trainer.go.set()


def test_reserved_memory_drops_what_is_idle_and_makes_others_wait(
    desk: Desk, trainer: Trainer
) -> None:
    desk.plugin("short", {"use": Holder().use}, lane=Lane.INTERACTIVE)
    desk.weights("idle", 400)
    desk.run("short.use", weights="idle")
    training = desk.submit("trainer.hold", number=700)
    assert trainer.holds.wait(PATIENCE)
    assert desk.server._pool.status() == (), "the idle model went; the training is no model"
    reader = desk.submit("short.use", weights="idle")
    desk.wait(
        lambda each: (
            isinstance(each, JobChanged) and each.job == reader and "is using it" in each.reason
        )
    )
    trainer.go.set()
    assert desk.finished(training).state is JobState.DONE
    assert desk.finished(reader).state is JobState.DONE


def test_reserved_memory_that_can_never_fit_is_refused(desk: Desk, trainer: Trainer) -> None:
    failed = desk.run("trainer.hold", number=901)
    assert failed.error.code is ErrorCode.OUT_OF_MEMORY
    assert "900" in failed.error.message
    assert not trainer.holds.is_set()


def test_a_job_may_reserve_more_than_once(desk: Desk, trainer: Trainer) -> None:
    assert desk.run("trainer.twice", number=400).state is JobState.DONE
    failed = desk.run("trainer.twice", number=600)
    assert failed.error.code is ErrorCode.OUT_OF_MEMORY
    assert "600" in failed.error.message
    assert "free" in failed.error.message
