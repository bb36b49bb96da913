"""Who used the device: busy time, energy, the trace of the last hour, and what is left on disk."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

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
from studio.runtime.devices.energy import EnergyMeter, find_meter, nvml_counter
from studio.runtime.devices.usage import Usage
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


# --- energy and shares -------------------------------------------------------------------------


def test_energy_is_shared_out_by_the_time_of_steps(clock: Clock) -> None:
    counter = [0.0]
    usage = Usage(clock)
    usage.measure_with(EnergyMeter(lambda: counter[0], "a meter"))
    usage.step(a_job(plugin="image"), 0.0, 2.0)
    usage.step(a_job(plugin="chat"), 0.0, 1.0)
    counter[0], clock.now = 100.0, 10.0
    energy, books = usage.settle()
    assert energy.joules == 100.0
    assert [(each.plugin, each.busy) for each in books] == [("chat", 1.0), ("image", 2.0)]
    assert [each.joules for each in books] == pytest.approx([10.0, 20.0])
    counter[0], clock.now = 200.0, 20.0  # nobody made a step
    assert usage.settle()[1] == books
    usage.step(a_job(plugin="image"), 20.0, 30.0)
    usage.step(a_job(plugin="chat"), 20.0, 30.0)  # beside it, in the other lane
    counter[0], clock.now = 300.0, 30.0
    assert [each.joules for each in usage.settle()[1]] == pytest.approx([60.0, 70.0])


def test_a_long_step_counts_while_it_is_made(clock: Clock) -> None:
    usage, job = Usage(clock), a_job()
    clock.now = 4.0
    assert [each.busy for each in usage.settle([(job, 4.0)])[1]] == [4.0]
    usage.step(job, 0.0, 5.0)
    clock.now = 6.0
    assert [each.busy for each in usage.settle([(job, 0.0)])[1]] == [5.0], "not twice"


def test_a_counter_that_starts_again_is_followed() -> None:
    readings = iter([90.0, 95.0, 5.0, 7.0])
    meter = EnergyMeter(lambda: next(readings), "a meter", wraps_at=100.0)
    assert [meter.energy().joules for _ in range(3)] == [5.0, 15.0, 17.0]


def test_the_processors_counter_is_read_where_it_may_be(tmp_path: Path) -> None:
    for number in range(2):
        package = tmp_path / f"intel-rapl:{number}"
        package.mkdir()
        (package / "energy_uj").write_text("1000000")
        (package / "max_energy_range_uj").write_text("9000000")
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of a package, counted with it
    meter = find_meter("cpu", powercap=tmp_path)
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("3500000")
    assert meter.energy().joules == 2.5
    assert "processor" in meter.energy().source
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    assert "measured: the counter" in meter.energy().missing


@pytest.mark.parametrize("kind", ["cpu", "cuda", "mps"])
def test_what_cannot_be_measured_is_said(kind: str, tmp_path: Path) -> None:
    energy = find_meter(kind, "GPU-of-no-machine", powercap=tmp_path).energy()
    assert energy.missing.startswith("Not measured")
    assert not energy.source


def test_a_card_is_asked_by_its_name_and_its_refusal_is_an_error() -> None:
    class Nvml:
        found = 0

        def nvmlInit_v2(self) -> int:
            return 0

        def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:
            assert uuid == b"GPU-1"
            return self.found

        def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, value: Any) -> int:
            ctypes.cast(value, ctypes.POINTER(ctypes.c_ulonglong))[0] = 4_200
            return 0

    assert nvml_counter(Nvml(), "GPU-1")() == 4.2
    Nvml.found = 6
    with pytest.raises(OSError, match="6"):
        nvml_counter(Nvml(), "GPU-1")


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
            yield ctx.progress(step, 3)

    desk.plugin("toy", {"work": work})
    job = desk.run("toy.work").job
    status = desk.status()
    assert {each.plugin for each in status.plugins} == {"toy"}
    assert status.plugins[0].busy > 0
    assert status.processor_seconds > 0
    assert bool(status.energy.source) is not bool(status.energy.missing)
    desk.send(WantTrace("now"))
    trace = desk.wait(lambda each: isinstance(each, Trace) and each.request == "now")
    spans = [span for span in trace.spans if span.job == job]
    assert sum(span.steps for span in spans if span.what == "steps") >= 3
