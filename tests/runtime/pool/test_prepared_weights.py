"""Weights that are loaded ahead of the job that will want them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from studio.protocol.messages import Finished, JobChanged, Prepare, Status
from studio.protocol.states import JobState, Lane
from tests.runtime.desk import PATIENCE, Desk, Holder, small_machine

pytestmark = pytest.mark.torch


@pytest.fixture
def holder(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Holder]:
    """The plugins ``long`` (batch lane) and ``short`` (interactive lane) of a small machine."""
    small_machine(monkeypatch)
    holder = Holder()
    desk.plugin("long", {"hold": holder.hold})
    desk.plugin("short", {"use": holder.use}, lane=Lane.INTERACTIVE)
    yield holder
    holder.go.set()


def test_weights_are_there_before_the_job_that_wants_them_and_only_the_pool_tells(
    desk: Desk, holder: Holder
) -> None:
    desk.weights("small", 100)
    desk.send(Prepare("small"))
    desk.wait(lambda each: isinstance(each, Status) and bool(each.loaded))
    while (status := desk.status()).running == ("prepare small",):
        pass  # it ends a moment after the weights are there
    assert (status.jobs, status.running) == ((), ())
    assert not [each for each in desk.messages if isinstance(each, JobChanged | Finished)]
    assert desk.run("short.use", weights="small").state is JobState.DONE
    assert desk.loader.loads == ["small"]


def test_a_job_that_comes_meanwhile_waits_for_what_is_prepared(desk: Desk, holder: Holder) -> None:
    desk.loader.gates["small"] = threading.Event()
    desk.weights("small", 100)
    desk.send(Prepare("small"))
    assert desk.loader.waits.wait(PATIENCE)
    job = desk.submit("short.use", weights="small")
    desk.wait(lambda each: "for small to load" in getattr(each, "reason", ""))
    desk.loader.gates["small"].set()
    assert desk.finished(job).state is JobState.DONE
    assert desk.loader.loads == ["small"]


def test_nothing_is_prepared_beside_a_job_or_other_weights(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 100)
    desk.weights("other", 100)
    job = desk.submit("long.hold", weights="small")
    assert holder.holds.wait(PATIENCE)
    desk.send(Prepare("other"))
    desk.send(Prepare("gone"))
    holder.go.set()
    desk.finished(job)
    desk.send(Prepare("other"))
    desk.send(Prepare("gone"))
    assert desk.loaded() == {"small"}
    assert desk.loader.loads == ["small"]
