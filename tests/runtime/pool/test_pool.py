"""Leases: one copy for all, one builder at a time, waits in words, room by dropping the idle."""

from __future__ import annotations

import gc
import hashlib
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from studio.api.worker.context import Requirements
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import (
    Cancel,
    Inspect,
    Inspected,
    JobChanged,
    Pause,
    Resume,
    Unload,
    WeightsEntry,
)
from studio.protocol.states import JobState, Lane
from studio.runtime.pool import eviction
from tests.runtime.desk import PATIENCE, Desk, Holder, Toy, ToyModel, small_machine

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 1,000 bytes, of which the pool may fill 900."""
    small_machine(monkeypatch)


def both(ctx: Any, params: Toy) -> Iterator[Any]:
    first, second = params.text.split()
    with ctx.lease(first):
        yield None
        with ctx.lease(second), ctx.lease(second):
            yield None


@pytest.fixture
def holder(desk: Desk) -> Iterator[Holder]:
    """The plugins ``long`` (batch lane) and ``short`` (interactive lane)."""
    holder = Holder()
    tasks = {"hold": holder.hold, "use": holder.use, "both": both}
    desk.plugin("long", tasks)
    desk.plugin("short", tasks, lane=Lane.INTERACTIVE)
    yield holder
    holder.go.set()


def test_two_jobs_share_one_copy(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 100)
    job = desk.submit("long.hold", weights="small")
    assert holder.holds.wait(PATIENCE)
    assert desk.run("short.use", weights="small").result == {"name": "small"}
    holder.go.set()
    desk.finished(job)
    assert desk.run("long.use", weights="small").state is JobState.DONE
    assert desk.loader.loads == ["small"]
    assert len({id(model) for model in holder.models}) == 1


def test_two_that_want_the_same_weights_at_once_build_them_once(desk: Desk, holder: Holder) -> None:
    desk.loader.gates["small"] = threading.Event()
    desk.weights("small", 100)
    jobs = [desk.submit("long.use", weights="small"), desk.submit("short.use", weights="small")]
    waits = desk.wait(lambda each: "for small to load" in getattr(each, "reason", ""))
    assert waits.state is JobState.WAITING
    desk.loader.gates["small"].set()
    for job in jobs:
        assert desk.finished(job).state is JobState.DONE
    assert desk.loader.loads == ["small"]
    assert desk.loader.most_builders == 1


def test_the_oldest_idle_weights_make_room(desk: Desk, holder: Holder) -> None:
    for name in ("one", "two", "three"):
        desk.weights(name, 400)
    for name in ("one", "two", "one", "three"):
        assert desk.run("long.use", weights=name).state is JobState.DONE
    assert desk.loader.unloads == ["two"]
    assert desk.loaded() == {"one", "three"}


def test_weights_in_use_are_never_dropped_and_the_wait_says_who(desk: Desk, holder: Holder) -> None:
    desk.weights("big", 600)
    desk.weights("other", 500)
    first = desk.submit("long.hold", weights="big")
    assert holder.holds.wait(PATIENCE)
    second = desk.submit("short.use", weights="other")
    waits = desk.state(second, JobState.WAITING)
    assert waits.reason == "waiting for 200 bytes: long is using it"
    holder.go.set()
    assert desk.finished(first).state is JobState.DONE
    assert desk.finished(second).state is JobState.DONE
    assert desk.loader.unloads == ["big"]


def test_a_wait_in_one_lane_does_not_block_that_lane(desk: Desk, holder: Holder) -> None:
    """The job that waits and the one it waits for take turns in one thread."""
    desk.weights("big", 600)
    desk.weights("other", 500)
    first = desk.submit("long.hold", weights="big")
    assert holder.holds.wait(PATIENCE)
    second = desk.submit("long.use", weights="other")
    desk.state(second, JobState.WAITING)
    holder.go.set()
    assert desk.finished(first).state is JobState.DONE
    assert desk.finished(second).state is JobState.DONE


def test_a_waiting_job_can_be_cancelled(desk: Desk, holder: Holder) -> None:
    desk.weights("big", 600)
    desk.weights("other", 500)
    desk.submit("long.hold", weights="big")
    assert holder.holds.wait(PATIENCE)
    second = desk.submit("short.use", weights="other")
    desk.state(second, JobState.WAITING)
    desk.send(Cancel(second))
    assert desk.finished(second).state is JobState.CANCELLED
    assert "other" not in desk.loader.loads


def test_a_loading_job_can_be_cancelled_and_the_next_may_build(desk: Desk, holder: Holder) -> None:
    desk.loader.gates["small"] = threading.Event()  # never set while the first one loads
    desk.weights("small", 100)
    first = desk.submit("long.use", weights="small")
    desk.state(first, JobState.LOADING, "loading small")
    desk.send(Pause(first))  # not while it builds: nobody else could
    desk.send(Cancel(first))
    assert desk.finished(first).state is JobState.CANCELLED
    assert desk.loader.builders == 0
    assert desk.loaded() == set()
    desk.loader.gates.clear()
    assert desk.run("short.use", weights="small").state is JobState.DONE


def test_what_can_never_fit_is_refused_with_numbers(desk: Desk, holder: Holder) -> None:
    desk.weights("huge", 2000)
    error = desk.run("long.use", weights="huge").error
    assert error is not None
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert "huge needs 2 kB" in error.message
    assert "900 bytes" in error.message
    assert error.hint == "Choose a smaller model.", "there is no limit that could be raised"
    assert desk.loader.loads == []


def test_a_limit_of_the_users_own_holds(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 300)
    desk.configure(memory_limit=200)
    error = desk.run("long.use", weights="small").error
    assert error is not None
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert error.hint == "Choose a smaller model, or raise the memory limit in Settings."
    desk.configure(memory_limit=400)
    assert desk.run("long.use", weights="small").state is JobState.DONE


def test_memory_that_others_took_is_refused_with_what_to_do(
    desk: Desk, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_machine(monkeypatch, free=130)
    desk.weights("small", 300)
    error = desk.run("long.use", weights="small").error
    assert error is not None
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert "200 bytes more than is free" in error.message
    assert "Close other programs" in error.hint


def test_working_memory_counts(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 100)
    desk.weights("idle", 500)
    desk.run("long.use", weights="idle")
    assert desk.run("long.use", weights="small", number=700).state is JobState.DONE
    assert desk.loader.unloads == ["idle"]


def test_jobs_that_wait_for_each_other_do_not_wait_for_ever(desk: Desk, holder: Holder) -> None:
    desk.weights("one", 500)
    desk.weights("two", 500)
    jobs = [desk.submit("long.both", text="one two"), desk.submit("long.both", text="two one")]
    ends = [desk.finished(job) for job in jobs]
    for end in ends:
        assert end.state is JobState.DONE or (
            end.error is not None and end.error.code is ErrorCode.OUT_OF_MEMORY
        )


def growing(ctx: Any, params: Toy) -> Iterator[Any]:
    """Leases, waits for another to have done so, and asks for ``number`` bytes more."""
    with ctx.lease(params.weights, 100):
        growing.held.add(ctx.job)
        while len(growing.held) < int(params.text):
            yield None
        with ctx.lease(params.weights, params.number):
            growing.most = max(growing.most, growing.lent(ctx))
            yield None


@pytest.fixture
def grown(desk: Desk) -> Any:
    """Plugins ``a`` and ``b`` that grow, on a machine of 1,000 bytes of which 900 may be taken."""
    growing.held, growing.most = set(), 0
    growing.lent = lambda ctx: ctx._pool._books.held
    for name in ("a", "b"):
        desk.plugin(name, {"grow": growing}, lane=Lane.BATCH if name == "a" else Lane.INTERACTIVE)
    desk.weights("small", 100)
    return growing


def test_a_second_lease_waits_until_there_is_room(desk: Desk, grown: Any, holder: Holder) -> None:
    desk.weights("big", 400)
    held = desk.submit("long.hold", weights="big")
    assert holder.holds.wait(PATIENCE)
    more = desk.submit("b.grow", weights="small", number=500, text="1")
    reason = desk.wait(
        lambda m: isinstance(m, JobChanged) and m.job == more and "waiting" in m.reason
    )
    assert "is using it" in reason.reason
    holder.go.set()
    assert desk.finished(more).error is desk.finished(held).error is None
    assert grown.most <= 900


def test_two_that_wait_for_each_other_go_on_one_after_the_other(desk: Desk, grown: Any) -> None:
    jobs = [desk.submit(f"{name}.grow", weights="small", number=700, text="2") for name in "ab"]
    assert [desk.finished(job).error for job in jobs] == [None, None]
    assert grown.most == 100 + 2 * 100 + 700, "never both"


@pytest.mark.parametrize("holds", [False, True], ids=["with nothing", "with something"])
def test_who_could_go_on_by_now_is_waited_for(
    desk: Desk, grown: Any, holder: Holder, holds: bool
) -> None:
    """The first of two that waited for a third has not looked yet when the second does."""
    desk.weights("big", 400)
    desk.weights("other", 750)
    third = desk.submit("long.hold", weights="big")
    assert holder.holds.wait(PATIENCE)
    first = desk.submit("b.grow", weights="small", number=500, text="1")
    desk.state(first, JobState.WAITING, "is using it")
    desk.send(Pause(first))
    desk.state(first, JobState.PAUSED)
    if holds:
        second = desk.submit("a.grow", weights="small", number=700, text="1")
    else:
        second = desk.submit("short.use", weights="other")
    desk.state(second, JobState.WAITING, "using it")
    holder.go.set()
    assert desk.finished(third).error is None
    desk.state(second, JobState.WAITING, "b (paused) is using it")
    desk.send(Resume(first))
    assert desk.finished(first).error is desk.finished(second).error is None
    assert grown.most <= 900


def test_what_never_fits_is_refused_with_the_model_in_hand(desk: Desk, grown: Any) -> None:
    refused = desk.run("a.grow", weights="small", number=750, text="1")
    assert refused.error.code is ErrorCode.OUT_OF_MEMORY
    assert refused.error.message == (
        "small needs 750 bytes more for this job, 50 bytes more than is free now."
    )
    assert "reduce the size or length" in refused.error.hint.lower()
    assert desk.run("a.grow", weights="small", number=700, text="1").error is None


def test_a_job_may_lease_twice(desk: Desk, holder: Holder) -> None:
    desk.weights("one", 100)
    desk.weights("two", 100)
    assert desk.run("long.both", text="one two").state is JobState.DONE
    desk.send(Unload("one"))
    desk.send(Unload("two"))
    desk.wait(lambda each: len(desk.loader.unloads) == 2)


def test_unload_waits_for_the_last_user(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 100)
    job = desk.submit("long.hold", weights="small")
    assert holder.holds.wait(PATIENCE)
    desk.send(Unload("small"))
    desk.heard_all()
    assert desk.loader.unloads == []
    holder.go.set()
    desk.finished(job)
    assert desk.loaded() == set()
    assert desk.loader.unloads == ["small"]


def test_weights_that_moved_are_loaded_afresh(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 100)
    desk.run("long.use", weights="small")
    moved = desk.folder / "elsewhere"
    moved.mkdir()
    desk._weights.clear()
    desk.folder = moved
    desk.weights("small", 100)
    desk.run("long.use", weights="small")
    assert desk.loader.loads == ["small", "small"]
    assert desk.loader.unloads == ["small"]


def test_weights_that_changed_on_disk_are_loaded_afresh(desk: Desk, holder: Holder) -> None:
    path = desk.weights("small", 100)
    first = desk.run("long.use", weights="small").weights
    path.write_text("0200")
    assert desk.run("long.use", weights="small").weights != first
    assert desk.loader.loads == ["small", "small"]
    assert desk.loader.unloads == ["small"]


def test_headers_are_read_once(desk: Desk, holder: Holder) -> None:
    desk.weights("small", 100)
    asked: list[str] = []
    original = desk.loader.measure

    def measure(path: Any) -> Any:
        asked.append(path.stem)
        return original(path)

    desk.loader.measure = measure  # type: ignore[method-assign]
    for _ in range(3):
        desk.run("long.use", weights="small")
    assert asked == ["small"]


def test_unknown_and_vanished_weights_are_refused_in_words(desk: Desk, holder: Holder) -> None:
    desk.weights("gone", 100).unlink()
    for name, says in (
        ("gone", "is missing"),
        ("nobody", "no model “nobody”"),
        ("", "No model is selected"),
    ):
        error = desk.run("long.use", weights=name).error
        assert error is not None
        assert error.code is ErrorCode.NOT_FOUND
        assert says in error.message


def test_a_loader_that_fails_frees_the_builders_turn(desk: Desk, holder: Holder) -> None:
    desk.weights("broken", 100)
    desk.weights("small", 100)
    original = desk.loader.load

    def load(path: Any, device: str) -> Iterator[Any]:
        if path.stem == "broken":
            yield 0.5
            raise OSError(5, "Input/output error")
        return (yield from original(path, device))

    desk.loader.load = load  # type: ignore[method-assign]
    error = desk.run("long.use", weights="broken").error
    assert error is not None
    assert error.code is ErrorCode.BAD_WEIGHTS
    assert "Input/output error" in error.message
    assert desk.run("short.use", weights="small").state is JobState.DONE


def test_the_record_names_the_digest_computed_once(
    desk: Desk, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.weights("small", 100)
    truth = hashlib.sha256(path.read_bytes()).hexdigest()
    assert desk.run("long.use", weights="small").weights == {"small": truth}
    desk.send(Unload("small"))
    desk.wait(lambda each: desk.loader.unloads == ["small"])
    monkeypatch.setattr(hashlib, "sha256", None)  # reading it again would fail
    assert desk.run("long.use", weights="small").weights == {"small": truth}


def test_the_record_names_what_computed_where_that_is_a_choice(
    desk: Desk, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.weights("small", 100)
    assert desk.run("long.use", weights="small").engines == {}
    monkeypatch.setattr(ToyModel, "engine", "abacus 1.0", raising=False)
    assert desk.run("long.use", weights="small").engines == {"small": "abacus 1.0"}


def test_inspect_reads_the_headers(desk: Desk, holder: Holder) -> None:
    path = desk.weights("small", 100)
    desk.send(Inspect("a", str(path), full=True))
    desk.send(Inspect("b", str(desk.folder / "nothing")))
    stranger = desk.folder / "stranger.bin"
    stranger.write_bytes(b"?")
    desk.send(Inspect("c", str(stranger)))
    answers = {
        name: desk.wait(lambda each, n=name: isinstance(each, Inspected) and each.request == n)
        for name in "abc"
    }
    assert answers["a"].facts["family"] == "toy"
    assert answers["a"].facts["weights_bytes"] == 100
    assert answers["a"].facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert answers["b"].error.code is ErrorCode.NOT_FOUND
    assert answers["c"].error.code is ErrorCode.UNSUPPORTED


def test_a_loader_is_found_by_family_or_by_looking_and_by_import_last(
    desk: Desk, holder: Holder
) -> None:
    imported: list[str] = []

    def studio_loaders() -> Any:
        imported.append("heavy")
        return []

    desk.plugin("heavy", {"use": holder.use}, studio_loaders=studio_loaders)
    for family in ("toy", "", "nobodys"):
        path = desk.weights(f"of_{family}", 10)
        desk._weights[-1] = WeightsEntry(f"of_{family}", str(path), family)
        desk.configure()
        assert desk.run("long.use", weights=f"of_{family}").state is JobState.DONE
        # Only a family that nobody has makes it worth the time to import every plugin.
        assert bool(imported) == (family == "nobodys")


def test_texts_are_as_short_as_the_user_wishes(desk: Desk) -> None:
    loader = desk.loader
    loader.measure = lambda path, context_limit=0: Requirements(10, context_limit)
    loader.limited = lambda model, tokens: f"{model.name} within {tokens}"
    seen = []

    def look(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights) as model:
            seen.append(model if isinstance(model, str) else model.name)
            yield None

    desk.plugin("looking", {"look": look})
    desk.weights("small", 10)
    entry = desk._weights[-1]
    for limit in (0, 300, 5_000):
        desk._weights[-1] = msgspec.structs.replace(entry, context_limit=limit)
        desk.configure()
        desk.run("looking.look", weights="small")
    assert seen == ["small", "small within 300"], "and the third does not fit"
    assert loader.loads == ["small"], "it is the same model all the time"


def test_a_model_that_nobody_uses_any_more_dies(desk: Desk, holder: Holder) -> None:
    def leaky(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights) as model:
            yield None
            raise ValueError(model.name)

    desk.plugin("leaky", {"task": leaky})
    desk.weights("small", 100)
    desk.run("leaky.task", weights="small")
    desk.send(Unload("small"))
    desk.wait(lambda each: desk.loader.unloads == ["small"])
    desk.run("long.use", weights="small")  # the lane has let go of the job before
    model = weakref.ref(holder.models.pop())
    desk.send(Unload("small"))
    desk.wait(lambda each: desk.loader.unloads == ["small", "small"])
    desk.heard_all()
    gc.collect()
    assert model() is None


def test_five_hundred_alternating_loads_leave_nothing_behind(
    desk: Desk, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing holds on to a dropped model, not even until garbage is collected."""
    monkeypatch.setattr(eviction, "give_back", lambda: None)
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    original = desk.loader.load

    def load(path: Any, device: str) -> Iterator[Any]:
        model = yield from original(path, device)
        alive.add(model)
        return model

    def use(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights):
            yield None

    desk.loader.load = load  # type: ignore[method-assign]
    desk.plugin("light", {"use": use})
    desk.weights("one", 500)
    desk.weights("two", 500)
    gc.collect()
    assert not gc.isenabled(), "the guards of the tests collect, and only between tests"
    for number in range(500):
        assert desk.run("light.use", weights=("one", "two")[number % 2]).error is None
        assert len(alive) <= 2  # the last lease may be on its way out
        desk.messages.clear()
    assert len(desk.loader.loads) == 500
    assert len(desk.server._pool.status()) == 1
