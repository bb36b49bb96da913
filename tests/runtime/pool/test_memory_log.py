"""What people are told of memory: for what and how long a job waits, what went away, and why."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Pin, Unload, WeightsEntry
from studio.protocol.states import JobState
from tests.runtime.desk import PATIENCE, Desk, Holder, small_machine

pytestmark = pytest.mark.torch


@pytest.fixture
def tasks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Holder]:
    small_machine(monkeypatch)
    tasks = Holder()
    desk.plugin("toy", {"hold": tasks.hold, "use": tasks.use})
    yield tasks
    tasks.go.set()


def test_a_wait_says_for_what_on_whom_and_how_long(
    desk: Desk, tasks: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.weights("big", 600)
    desk.weights("other", 500)
    first = desk.submit("toy.hold", weights="big")
    assert tasks.holds.wait(PATIENCE)
    holder = desk.server._scheduler._jobs[first]
    monkeypatch.setattr(holder.feed, "seconds_left", lambda: 7.2)
    second = desk.submit("toy.use", weights="other")
    waits = desk.state(second, JobState.WAITING, "using it")
    assert waits.reason == "waiting for 200 bytes: toy is using it, about 8 s"
    tasks.go.set()
    desk.finished(second)
    (event,) = desk.pool_events("waiting")
    assert (event.weights, event.bytes, event.seconds, event.job) == ("other", 200, 7.2, second)
    assert event.why == waits.reason


def test_every_load_and_every_eviction_is_told_with_its_reason(desk: Desk, tasks: Holder) -> None:
    for name in ("one", "two"):
        desk.weights(name, 500)
        job = desk.submit("toy.use", weights=name)
        desk.finished(job)
    events = [(each.what, each.weights, each.bytes, each.why) for each in desk.pool_events()]
    assert events == [
        ("loaded", "one", 500, "toy needs it"),
        ("evicted", "one", 500, "toy needs 500 bytes for two"),
        ("loaded", "two", 500, "toy needs it"),
    ]
    assert desk.pool_events()[1].job == job


def test_two_ids_of_one_file_share_one_copy(desk: Desk, tasks: Holder) -> None:
    """Two plugins may each bring a card of the same weights; or the user has two copies."""
    path = desk.weights("one", 500)
    copy = desk.folder / "copy.toy"
    copy.write_bytes(path.read_bytes())
    desk._weights.append(WeightsEntry("same", str(path), "toy"))
    desk._weights.append(WeightsEntry("copy", str(copy), "toy"))
    desk.configure()
    digests = [desk.run("toy.use", weights=name).weights[name] for name in ("one", "same", "copy")]
    assert desk.loader.loads == ["one"]
    assert len(set(digests)) == 1
    assert len({id(model) for model in tasks.models}) == 1
    (copy_of_all,) = desk.status().loaded
    assert copy_of_all.aliases == ("copy", "same")
    desk.send(Unload("copy"))
    desk.wait(lambda each: desk.loader.unloads == ["one"])


def test_pinned_weights_stay_whoever_needs_memory(desk: Desk, tasks: Holder) -> None:
    for name in ("one", "two", "three"):
        desk.weights(name, 400)
    desk.configure(pinned=("one",))
    for name in ("one", "two", "three"):
        assert desk.run("toy.use", weights=name).state is JobState.DONE
    assert desk.loader.unloads == ["two"]
    assert [each.pinned for each in desk.status().loaded] == [True, False]
    desk.send(Pin("one", False))
    assert desk.run("toy.use", weights="two").state is JobState.DONE
    assert desk.loader.unloads == ["two", "one"]


def test_a_job_that_only_a_pin_keeps_out_is_told_of_the_pin(desk: Desk, tasks: Holder) -> None:
    desk.weights("one", 400)
    desk.weights("big", 700)
    desk._weights.append(WeightsEntry("small", str(desk.weights("small", 300)), "toy"))
    desk.configure(pinned=("one",))
    desk.run("toy.use", weights="one")
    error = desk.run("toy.use", weights="big").error
    assert error is not None
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert "200 bytes more than is free" in error.message
    assert "unpin one (400 bytes)" in error.hint
    assert desk.loaded() == {"one"}


def test_what_nobody_uses_goes_after_a_while_unless_it_is_pinned(desk: Desk, tasks: Holder) -> None:
    for name in ("one", "kept"):
        desk.weights(name, 100)
        desk.run("toy.use", weights=name)
    desk.configure(pinned=("kept",), idle_seconds=1e-9)
    desk.wait(lambda each: desk.loader.unloads == ["one"])
    (event,) = desk.pool_events("unloaded")
    assert event.why == "unused for 1 s"
    assert desk.loaded() == {"kept"}


def test_idle_weights_stay_until_their_time_has_come(desk: Desk, tasks: Holder) -> None:
    desk.weights("one", 100)
    desk.configure(idle_seconds=3600.0)
    desk.run("toy.use", weights="one")
    desk.status()
    desk.heard_all()
    assert desk.loaded() == {"one"}


def test_what_is_too_large_is_refused_before_it_is_read_and_says_what_fits(
    desk: Desk, tasks: Holder
) -> None:
    """Forty GB on twenty-four: from the headers, with the largest that does fit."""
    for name, size in (("tiny", 10), ("fits", 800), ("huge", 1700)):
        path = desk.weights(name, size)
        desk._weights[-1] = WeightsEntry(
            name, str(path), "toy", capabilities=("text",), title=name.title()
        )
    desk.configure()
    error = desk.run("toy.use", weights="huge").error
    assert error is not None
    assert error.message.startswith("Huge needs 2 kB, but only 900 bytes")
    assert error.hint.startswith("Choose a smaller model (Fits needs 800 bytes)")
    assert desk.loader.loads == []
    assert not desk.server._digests.known(path), "the file was not read"


def test_what_a_job_holds_beside_the_weights_is_shown(desk: Desk, tasks: Holder) -> None:
    desk.loader.working = 50
    desk.weights("small", 100)
    desk.submit("toy.hold", weights="small")
    assert tasks.holds.wait(PATIENCE)
    (small,) = desk.status().loaded
    assert (small.bytes, small.working, small.tier) == (100, 50, "device")


def test_a_digest_that_does_not_match_is_refused(desk: Desk, tasks: Holder) -> None:
    desk.weights("wrong", 100, digest="ab" * 32)
    error = desk.run("toy.use", weights="wrong").error
    assert error is not None
    assert error.code is ErrorCode.BAD_WEIGHTS
    assert "does not match its checksum" in error.message
    assert desk.loader.loads == []


def test_weights_that_change_under_a_job_leave_no_digest_and_are_loaded_afresh(
    desk: Desk, tasks: Holder
) -> None:
    path = desk.weights("small", 100)
    job = desk.submit("toy.hold", weights="small")
    assert tasks.holds.wait(PATIENCE)
    path.write_text("150 another")
    tasks.go.set()
    end = desk.finished(job)
    assert end.state is JobState.DONE
    assert end.weights == {"small": ""}, "nobody can say what it computed with"
    assert [each.why for each in desk.pool_events("unloaded")] == ["its file changed on disk"]
    assert desk.run("toy.use", weights="small").weights["small"]
    assert desk.loader.loads == ["small", "small"]


def test_weights_that_change_while_they_load_are_refused_and_leave_nothing(
    desk: Desk, tasks: Holder
) -> None:
    path = desk.weights("small", 100)
    desk.loader.gates["small"] = threading.Event()
    job = desk.submit("toy.use", weights="small")
    desk.state(job, JobState.LOADING, "loading small")
    path.write_text("150 another")
    desk.loader.gates["small"].set()
    error = desk.finished(job).error
    assert error is not None
    assert error.code is ErrorCode.BAD_WEIGHTS
    assert "changed while it was being loaded" in error.message
    assert desk.loaded() == set()
    assert desk.loader.unloads == ["small"]
