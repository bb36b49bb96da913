"""Who computes when: order, cancel, pause, promotion, fairness, two lanes, shared threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from studio.protocol.errors import Cancelled
from studio.protocol.messages import (
    Arrange,
    BlobSpec,
    Cancel,
    Finished,
    JobChanged,
    Pause,
    Produced,
    Progress,
    Promote,
    Resume,
    Submit,
    TextDelta,
    WeightsEntry,
)
from studio.protocol.states import JobState, Lane, Priority
from tests.runtime.desk import PATIENCE, Desk, Toy

pytestmark = pytest.mark.torch


class Gate:
    """A task that makes steps until it is let go, and says which."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go = threading.Event()
        self.cleaned_up = threading.Event()

    def endless(self, ctx: Any, params: Toy) -> Iterator[Any]:
        """Small steps, each of which hands over."""
        try:
            while not self.go.is_set():
                self.began.set()
                yield None
        finally:
            self.cleaned_up.set()

    def blocked(self, ctx: Any, params: Toy) -> Iterator[Any]:
        """One step that holds its lane until it is let go."""
        self.began.set()
        assert self.go.wait(PATIENCE)
        yield None


def test_a_task_reports_in_order_and_is_done(desk: Desk) -> None:
    def speak(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.progress(1, 2, "half")
        yield ctx.text("Hel", 1)
        yield ctx.text("lo", 2)
        yield ctx.artifact("text", b"Hello", suffix=".txt", title="A word")
        yield ctx.result(length=5, number=params.number)

    desk.plugin("toy", {"speak": speak})
    end = desk.run("toy.speak", number=7)
    job = end.job
    assert end.state is JobState.DONE
    assert end.result == {"length": 5, "number": 7}
    assert [each.text for each in desk.of(job, TextDelta)] == ["Hel", "lo"]
    assert [each.done for each in desk.of(job, Progress)] == [1]
    produced = desk.of(job, Produced)[0]
    assert bytes(desk.blobs[id(produced)][produced.blob]) == b"Hello"


def test_the_last_progress_is_never_lost(desk: Desk) -> None:
    def hurry(ctx: Any, params: Toy) -> Iterator[Any]:
        for step in range(1000):
            yield ctx.progress(step + 1, 1000)

    desk.plugin("toy", {"hurry": hurry})
    job = desk.run("toy.hurry").job
    steps = [each.done for each in desk.of(job, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == 1000
    assert len(steps) < 1000


def test_cancel_ends_a_running_job_and_lets_it_clean_up(desk: Desk) -> None:
    gate = Gate()
    desk.plugin("toy", {"endless": gate.endless})
    job = desk.submit("toy.endless")
    assert gate.began.wait(PATIENCE)
    desk.send(Cancel(job))
    end = desk.finished(job)
    assert end.state is JobState.CANCELLED
    assert end.error is None
    assert gate.cleaned_up.is_set()


def test_what_a_stopped_task_hands_over_is_kept_and_nothing_else_is_heard(desk: Desk) -> None:
    gate = Gate()

    def draw(ctx: Any, params: Toy) -> Iterator[Any]:
        steps = 0
        try:
            while True:
                gate.began.set()
                steps += 1
                yield None
        except Cancelled:
            yield ctx.artifact("text", b"so far", suffix=".txt", title="Stopped early")
            yield ctx.result(steps=steps)
            if params.number:
                yield ctx.progress(1, 2)
                yield ctx.artifact("text", b"went on", suffix=".txt")
            raise

    desk.plugin("toy", {"draw": draw})
    for stubborn in (0, 1):
        gate.began.clear()
        job = desk.submit("toy.draw", number=stubborn)
        assert gate.began.wait(PATIENCE)
        desk.send(Cancel(job))
        end = desk.finished(job)
        assert end.state is JobState.CANCELLED
        assert end.result["steps"] > 0
        assert [made.title for made in desk.of(job, Produced)] == ["Stopped early"]
        assert not desk.of(job, Progress)


def test_cancel_ends_a_queued_job_while_its_lane_is_blocked(desk: Desk) -> None:
    gate = Gate()
    desk.plugin("toy", {"blocked": gate.blocked})
    first = desk.submit("toy.blocked")
    assert gate.began.wait(PATIENCE)
    second = desk.submit("toy.blocked")
    desk.send(Cancel(second))
    assert desk.finished(second).state is JobState.CANCELLED
    assert not desk.of(first, Finished)
    gate.go.set()
    assert desk.finished(first).state is JobState.DONE


def test_a_task_that_swallows_the_stop_is_stopped_all_the_same(desk: Desk) -> None:
    began = threading.Event()

    def stubborn(ctx: Any, params: Toy) -> Iterator[Any]:
        while True:
            try:
                began.set()
                yield None
            except BaseException:  # noqa: BLE001 - what must not help it
                yield ctx.text("no")

    desk.plugin("toy", {"stubborn": stubborn})
    job = desk.submit("toy.stubborn")
    assert began.wait(PATIENCE)
    desk.send(Cancel(job))
    assert desk.finished(job).state is JobState.CANCELLED
    assert not desk.of(job, TextDelta)


def test_long_work_between_two_steps_can_ask_whether_it_is_stopped(desk: Desk) -> None:
    began = threading.Event()

    def long(ctx: Any, params: Toy) -> Iterator[Any]:
        began.set()
        while True:
            ctx.check_cancelled()
        yield None

    desk.plugin("toy", {"long": long})
    job = desk.submit("toy.long")
    assert began.wait(PATIENCE)
    desk.send(Cancel(job))
    assert desk.finished(job).state is JobState.CANCELLED


def test_a_paused_job_makes_no_step_until_it_is_resumed(desk: Desk) -> None:
    gate = Gate()
    steps = []

    def counted(ctx: Any, params: Toy) -> Iterator[Any]:
        for _ in gate.endless(ctx, params):
            steps.append(1)
            yield None

    desk.plugin("toy", {"counted": counted, "quick": lambda ctx, params: iter([None] * 50)})
    job = desk.submit("toy.counted")
    assert gate.began.wait(PATIENCE)
    desk.send(Pause(job))
    desk.state(job, JobState.PAUSED)
    before = len(steps)
    desk.run("toy.quick")  # the lane is free for others
    assert len(steps) == before
    desk.send(Resume(job))
    gate.go.set()
    assert desk.finished(job).state is JobState.DONE
    states = [each.state for each in desk.of(job, JobChanged)]
    assert states[-2:] == [JobState.PAUSED, JobState.RUNNING]


def test_a_paused_job_can_be_cancelled(desk: Desk) -> None:
    gate = Gate()
    desk.plugin("toy", {"endless": gate.endless})
    job = desk.submit("toy.endless")
    assert gate.began.wait(PATIENCE)
    desk.send(Pause(job))
    desk.state(job, JobState.PAUSED)
    desk.send(Cancel(job))
    assert desk.finished(job).state is JobState.CANCELLED
    assert gate.cleaned_up.is_set()


def test_a_job_paused_before_it_began_waits_for_resume(desk: Desk) -> None:
    gate = Gate()
    desk.plugin("toy", {"blocked": gate.blocked, "quick": lambda ctx, params: iter([None])})
    first = desk.submit("toy.blocked")
    assert gate.began.wait(PATIENCE)
    second = desk.submit("toy.quick")
    desk.send(Pause(second))
    desk.heard_all()
    gate.go.set()
    desk.finished(first)
    desk.state(second, JobState.PAUSED)
    desk.send(Resume(second))
    assert desk.finished(second).state is JobState.DONE


def test_jobs_of_one_class_take_turns(desk: Desk) -> None:
    order: list[str] = []
    gate = Gate()

    def turn(ctx: Any, params: Toy) -> Iterator[Any]:
        for _ in range(4):
            order.append(params.text)
            yield None

    desk.server._scheduler._clock = lambda: 0.0  # all steps take the same time
    desk.plugin("toy", {"turn": turn, "blocked": gate.blocked})
    desk.submit("toy.blocked")
    assert gate.began.wait(PATIENCE)
    jobs = [desk.submit("toy.turn", text=name) for name in "AB"]
    desk.heard_all()
    gate.go.set()
    for job in jobs:
        desk.finished(job)
    # The first to begin may be a step ahead; after that neither makes two steps running.
    assert sorted(order) == list("AAAABBBB")
    assert order.index("B") <= 2
    together = order[order.index("B") : 6]
    assert all(a != b for a, b in pairwise(together))


def test_many_jobs_of_one_class_are_served_first_come_first_served(desk: Desk) -> None:
    began: list[int] = []
    gate = Gate()

    def note(ctx: Any, params: Toy) -> Iterator[Any]:
        began.append(params.number)
        yield None
        yield None

    desk.plugin("toy", {"note": note, "blocked": gate.blocked})
    desk.submit("toy.blocked")
    assert gate.began.wait(PATIENCE)
    jobs = [desk.submit("toy.note", number=number) for number in range(8)]
    desk.heard_all()
    gate.go.set()
    for job in jobs:
        desk.finished(job)
    assert began == list(range(8))


def test_eight_texts_on_the_same_weights_are_under_way_at_once(desk: Desk) -> None:
    begun: set[str] = set()

    def write(ctx: Any, params: Toy) -> Iterator[Any]:
        begun.add(params.text)
        while len(begun) < 8:  # no more than four could be, each for itself
            yield None

    desk._weights.append(WeightsEntry("writer", str(desk.folder / "w"), capabilities=("text",)))
    desk.plugin("toy", {"write": write}, lane=Lane.INTERACTIVE)
    jobs = [desk.submit("toy.write", text=name, weights="writer") for name in "ABCDEFGH"]
    assert {desk.finished(job).state for job in jobs} == {JobState.DONE}


def test_priorities_and_promotion_decide_who_begins(desk: Desk) -> None:
    began: list[str] = []
    gate = Gate()

    def note(ctx: Any, params: Toy) -> Iterator[Any]:
        began.append(params.text)
        yield None

    desk.plugin("toy", {"note": note, "blocked": gate.blocked})
    desk.submit("toy.blocked")
    assert gate.began.wait(PATIENCE)
    jobs = [
        desk.submit("toy.note", text="background", priority=Priority.BACKGROUND),
        desk.submit("toy.note", text="normal"),
        desk.submit("toy.note", text="interactive", priority=Priority.INTERACTIVE),
        desk.submit("toy.note", text="promoted", priority=Priority.BACKGROUND),
    ]
    desk.send(Promote(jobs[-1]))
    desk.heard_all()
    gate.go.set()
    for job in jobs:
        desk.finished(job)
    assert began == ["promoted", "interactive", "normal", "background"]


def test_what_has_not_begun_follows_the_order_it_is_given(desk: Desk) -> None:
    began: list[str] = []
    gate = Gate()

    def note(ctx: Any, params: Toy) -> Iterator[Any]:
        began.append(params.text)
        yield None

    desk.plugin("toy", {"note": note, "blocked": gate.blocked})
    blocked = desk.submit("toy.blocked")
    assert gate.began.wait(PATIENCE)
    jobs = {name: desk.submit("toy.note", text=name) for name in "abcd"}
    normal, background = Priority.NORMAL, Priority.BACKGROUND
    order = [("c", normal), ("a", background), ("d", normal), ("b", normal)]
    known = tuple((jobs[name], priority) for name, priority in order)
    desk.send(Pause(jobs["d"]))
    desk.send(Arrange((("nobody", normal), (blocked, background), *known)))
    desk.send(Resume(jobs["d"]))
    desk.send(Arrange(known))
    desk.heard_all()
    gate.go.set()
    for job in jobs.values():
        desk.finished(job)
    assert began == ["c", "d", "b", "a"]


def test_long_work_does_not_hold_up_the_interactive_lane(desk: Desk) -> None:
    gate = Gate()
    desk.plugin("long", {"blocked": gate.blocked})
    desk.plugin("short", {"quick": lambda ctx, params: iter([None])}, lane=Lane.INTERACTIVE)
    long = desk.submit("long.blocked")
    assert gate.began.wait(PATIENCE)
    assert desk.run("short.quick").state is JobState.DONE
    assert not desk.of(long, Finished)
    gate.go.set()


def test_lanes_divide_the_threads_while_both_are_busy(desk: Desk) -> None:
    import torch

    seen: dict[str, int] = {}
    long_began, short_done = threading.Event(), threading.Event()
    desk.use_threads(5)

    def alone(ctx: Any, params: Toy) -> Iterator[Any]:
        seen[params.text] = torch.get_num_threads()
        yield None

    def long(ctx: Any, params: Toy) -> Iterator[Any]:
        long_began.set()
        assert short_done.wait(PATIENCE)
        yield None
        seen["long"] = torch.get_num_threads()
        yield None

    def short(ctx: Any, params: Toy) -> Iterator[Any]:
        seen["short"] = torch.get_num_threads()
        short_done.set()
        while "long" not in seen:
            yield None

    desk.plugin("long", {"long": long, "alone": alone})
    desk.plugin("short", {"short": short}, lane=Lane.INTERACTIVE)
    desk.run("long.alone", text="before")
    job = desk.submit("long.long")
    assert long_began.wait(PATIENCE)
    desk.run("short.short")
    desk.finished(job)
    while seen.get("after") != 5:  # the other lane's share is kept for a moment
        desk.run("long.alone", text="after")
    assert seen == {"before": 5, "short": 2, "long": 3, "after": 5}


def test_a_long_step_gives_up_threads_while_it_is_made(desk: Desk) -> None:
    import torch

    hooks = torch.nn.modules.module._global_forward_pre_hooks
    seen: list[int] = []
    began, other_computes, done = (threading.Event() for _ in range(3))
    desk.use_threads(5)

    def long(ctx: Any, params: Toy) -> Iterator[Any]:
        network = torch.nn.Identity()
        network(1)
        seen.append(torch.get_num_threads())
        began.set()
        assert other_computes.wait(PATIENCE)
        network(1)
        seen.append(torch.get_num_threads())
        assert not hooks, "nothing is left to change, so nothing costs time"
        done.set()
        yield None

    def short(ctx: Any, params: Toy) -> Iterator[Any]:
        seen.append(torch.get_num_threads())
        other_computes.set()
        assert done.wait(PATIENCE)
        yield None

    desk.plugin("long", {"long": long})
    desk.plugin("short", {"short": short}, lane=Lane.INTERACTIVE)
    job = desk.submit("long.long")
    assert began.wait(PATIENCE)
    desk.run("short.short")
    assert desk.finished(job).state is JobState.DONE
    assert seen == [5, 2, 3]


def test_a_librarys_callback_is_a_step_like_any_other(desk: Desk) -> None:
    began = threading.Event()

    def library(callback: Any) -> None:
        step = 0
        while True:
            step += 1
            callback(step)

    def wraps(ctx: Any, params: Toy) -> Iterator[Any]:
        def each(step: int) -> None:
            ctx.report(ctx.text(str(step)))
            began.set()

        library(each)
        yield None

    desk.plugin("toy", {"wraps": wraps, "quick": lambda ctx, params: iter([None])})
    job = desk.submit("toy.wraps")
    assert began.wait(PATIENCE)
    assert desk.run("toy.quick").state is JobState.DONE  # between two of its steps
    desk.send(Cancel(job))
    assert desk.finished(job).state is JobState.CANCELLED
    assert [each.text for each in desk.of(job, TextDelta)][:3] == ["1", "2", "3"]


def test_what_is_handed_in_arrives_as_arrays_and_bytes(desk: Desk) -> None:
    import numpy

    def mean(ctx: Any, params: Toy) -> Iterator[Any]:
        picture, words = ctx.inputs["picture"], ctx.inputs["words"]
        yield ctx.result(
            mean=float(picture.mean()), shape=list(picture.shape), words=words.decode()
        )

    desk.plugin("toy", {"mean": mean})
    picture = numpy.arange(24, dtype="float32").reshape(2, 3, 4)
    specs = {"picture": BlobSpec("float32", (2, 3, 4))}
    message = Submit("a", "toy.mean", {}, 1, blobs={"picture": 1, "words": 0}, specs=specs)
    desk.send(message, (b"hello", picture))
    assert desk.finished("a").result == {"mean": 11.5, "shape": [2, 3, 4], "words": "hello"}


@pytest.mark.parametrize("private", [False, True])
def test_a_task_knows_whether_its_job_is_private(desk: Desk, private: bool) -> None:
    def told(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.result(private=ctx.is_private)

    desk.plugin("toy", {"told": told})
    desk.send(Submit("a", "toy.told", {}, 1, private=private))
    assert desk.finished("a").result == {"private": private}
