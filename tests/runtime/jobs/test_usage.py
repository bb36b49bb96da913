"""Who used the device: busy time, the trace of the last hour, and what is left on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from studio.protocol.energy import Rates, Watts
from studio.protocol.messages import (
    Finished,
    JobChanged,
    PoolEvent,
    Status,
    Submit,
    Trace,
    WantTrace,
)
from studio.protocol.states import JobState, Lane
from studio.protocol.trace import FOLDER, Snapshot, Span
from studio.runtime.jobs.job import Job
from studio.runtime.status_file import StatusFile
from studio.runtime.trace import HOUR, KEPT
from studio.runtime.trace import Trace as Trail
from tests.runtime.desk import Desk, Toy


class Clock:
    """Seconds as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trail(clock: Clock) -> Trail:
    return Trail(clock, epoch=1000.0)


def a_job(name: str = "a", plugin: str = "image", lane: Lane = Lane.BATCH) -> Job:
    submit = Submit(name, f"{plugin}.make", {}, 1)
    return Job(submit, plugin=plugin, lane=lane, blobs=(), sink=lambda *sent: None)


# --- the trace ---------------------------------------------------------------------------------


def test_steps_without_a_longer_pause_are_one_stretch(trail: Trail, clock: Clock) -> None:
    job = a_job()
    trail.submitted(job)
    for start in (0.0, 0.2, 0.4, 5.0):
        trail.step(job, start, start + 0.1)
    clock.now = 5.1
    first, second = trail.spans()
    assert (first.what, first.name, first.plugin, first.lane) == (
        "steps",
        "image.make",
        "image",
        "batch",
    )
    assert (first.began, first.steps) == (1000.0, 3)
    assert first.seconds == pytest.approx(0.5)
    assert first.busy == pytest.approx(0.3)
    assert (second.began, second.steps) == (1005.0, 1)


def test_waits_and_loads_are_stretches_with_their_reason(trail: Trail, clock: Clock) -> None:
    job = a_job()
    trail.submitted(job)
    trail.heard(JobChanged("a", JobState.WAITING, "waiting for 1.2 GB"))
    trail.step(job, 0.0, 0.1)  # it only looked
    clock.now = 3.0
    trail.heard(JobChanged("a", JobState.LOADING, "loading flux"))
    clock.now = 5.0
    trail.heard(JobChanged("a", JobState.RUNNING))
    trail.step(job, 4.9, 6.0)  # it made the last of the loading, too
    clock.now = 6.0
    trail.heard(Finished("a", JobState.DONE))
    told = [(span.what, span.began, span.seconds, span.why) for span in trail.spans()]
    assert told == [
        ("waiting", 1000.0, 3.0, "waiting for 1.2 GB"),
        ("loading", 1003.0, 2.0, "loading flux"),
        ("steps", 1005.0, 1.0, ""),
    ]


def test_what_still_goes_on_is_told_up_to_now(trail: Trail, clock: Clock) -> None:
    trail.submitted(a_job())
    trail.heard(JobChanged("a", JobState.WAITING, "for memory"))
    clock.now = 7.0
    assert [span.seconds for span in trail.spans()] == [7.0]
    clock.now = 8.0
    assert [span.seconds for span in trail.spans()] == [8.0]


def test_evictions_are_told_with_their_reason(trail: Trail) -> None:
    trail.heard(PoolEvent("flux", "evicted", 9_000, "smollm2 needs 1.2 GB"))
    trail.heard(PoolEvent("flux", "waiting", 9_000, "the job tells this itself"))
    (span,) = trail.spans()
    assert (span.what, span.name, span.why, span.bytes) == (
        "evicted",
        "flux",
        "smollm2 needs 1.2 GB",
        9_000,
    )


def test_memory_and_energy_are_kept_now_and_then(trail: Trail, clock: Clock) -> None:
    for second in range(1, 13):
        clock.now = float(second)
        trail.measured(100 * second, 2.0 * second)
    told = [(span.what, span.seconds, span.bytes, span.joules) for span in trail.spans()]
    assert told == [("measured", 5.0, 500, 10.0), ("measured", 5.0, 1000, 10.0)]


def test_the_trace_is_bounded_and_forgets_after_an_hour(trail: Trail, clock: Clock) -> None:
    for number in range(KEPT + 100):
        clock.now = float(number)
        trail.heard(PoolEvent(f"weights{number}", "unloaded"))
    spans = trail.spans()
    assert len(spans) == pytest.approx(HOUR, abs=1)
    clock.now += HOUR + 1
    assert trail.spans() == ()
    for number in range(KEPT + 100):
        trail.heard(PoolEvent(f"weights{number}", "unloaded"))
    assert len(trail.spans()) == KEPT


# --- what is left on disk ----------------------------------------------------------------------


def test_a_snapshot_is_written_when_something_happened_and_at_the_end(tmp_path: Path) -> None:
    spans = (Span(1.0, 2.0, "steps", "image.make"),)
    snapshots = StatusFile(tmp_path)
    status = Status("cpu", "A processor", 2, 0, 0, step=1)
    snapshots.offer(status, lambda: spans)
    file = tmp_path / FOLDER / f"{os.getpid()}.msgpack"
    found = msgspec.msgpack.decode(file.read_bytes(), type=Snapshot)
    assert found.spans == spans
    assert msgspec.msgpack.decode(found.status, type=Status) == status
    file.unlink()
    snapshots.offer(status, lambda: spans)
    assert not file.exists(), "nothing is new"
    snapshots.offer(status, lambda: spans, last=True)
    assert file.exists()


def test_files_of_runtimes_long_gone_are_removed(tmp_path: Path) -> None:
    old, young = tmp_path / FOLDER / "1.msgpack", tmp_path / FOLDER / "2.msgpack"
    old.parent.mkdir()
    for file in (old, young):
        file.write_bytes(b"")
    os.utime(old, (1, 1))
    StatusFile(tmp_path)
    assert (old.exists(), young.exists()) == (False, True)


# --- all together ------------------------------------------------------------------------------


@pytest.mark.torch
def test_the_runtime_tells_who_used_it_and_what_the_last_hour_was_like(desk: Desk) -> None:
    def work(ctx: Any, params: Toy) -> Iterator[Any]:
        for step in range(3):
            end = time.process_time() + 0.05  # the system counts in hundredths of a second
            while time.process_time() < end:
                pass
            yield ctx.progress(step, 3)

    desk.plugin("toy", {"work": work})
    ended = desk.run("toy.work")
    job = ended.job
    assert ended.use.busy > 0
    assert ended.use.joules or ended.use.unmeasured, "measured, or there is what to estimate from"
    status = desk.status()
    assert {each.plugin for each in status.plugins} == {"toy"}
    assert status.plugins[0].busy > 0
    assert status.processor_seconds > 0
    assert bool(status.energy.source) is not bool(status.energy.missing)
    desk.send(WantTrace("now"))
    trace = desk.wait(lambda each: isinstance(each, Trace) and each.request == "now")
    spans = [span for span in trace.spans if span.job == job]
    assert sum(span.steps for span in spans if span.what == "steps") >= 3


def test_a_task_hears_what_it_has_used_in_joules_and_grams(desk: Desk) -> None:
    def work(ctx: Any, params: Toy) -> Iterator[Any]:
        begun, end = ctx.energy(), time.process_time() + 0.2
        while time.process_time() < end:
            pass
        yield None
        done = ctx.energy()
        yield ctx.result(begun=begun and asdict(begun), done=done and asdict(done))

    desk.plugin("toy", {"work": work})
    rates = Rates(Watts(5.0, 2.5, 10.0), grid_factor=400.0)
    found = desk.finished(desk.submit("toy.work", rates=rates)).result
    begun, done = found["begun"], found["done"]
    assert done["processor_seconds"] - begun["processor_seconds"] >= 0.15
    assert 0 < done["low"] <= done["joules"] <= done["high"]
    assert done["grams"] == pytest.approx(done["joules"] / 3.6e6 * 400)
    assert desk.run("toy.work").result == {"begun": None, "done": None}, "nobody said what it takes"
