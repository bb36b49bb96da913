"""Energy: what a fake machine uses is integrated here, outside, and must be what jobs are told."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from studio.protocol.messages import Submit
from studio.protocol.states import Lane
from studio.runtime.devices.energy import (
    EnergyMeter,
    card_meter,
    nvml_counter,
    processor_meter,
)
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.usage import ProcessorTime, Usage

IDLE = 12.0
"""Watts of the machine when nobody computes."""
REGISTER = 300.0
"""Joules after which the processor's register begins anew, as RAPL's does each hour or so."""


def a_job(name: str = "a", plugin: str = "image", on_card: bool = False) -> Job:
    submit = Submit(name, f"{plugin}.make", {}, 1)
    job = Job(submit, plugin=plugin, lane=Lane.BATCH, blobs=(), sink=lambda *sent: None)
    if on_card:
        job.weights["a-model"] = ""
    return job


class Machine:
    """A processor of one core, and a card; the power they take is integrated as time goes on.

    Attributes:
        used: Joules above idle that each job really took.
        seconds: Of the steps of each job.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.register = 290.0
        self.card = 1000.0
        self.own = self.everyone = 0.0
        self.used: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.jobs: dict[str, Job] = {}
        self.is_broken = False
        self.usage = Usage(lambda: self.now, lambda: ProcessorTime(self.own, self.everyone))
        self.usage.measure_with(self.processor(), None)

    def processor(self) -> EnergyMeter:
        return EnergyMeter(self.read, "a register", REGISTER, clock=lambda: self.now)

    def read(self) -> float:
        if self.is_broken:
            raise OSError("No such file")
        return self.register % REGISTER

    def go(
        self,
        seconds: float,
        watts: float = 0.0,
        job: Job | None = None,
        others: float = 0.0,
        card_watts: float = 0.0,
        look: float = 1.0,
    ) -> None:
        """Let time pass; ``job`` makes one step, at so many watts above idle; heartbeats look.

        Args:
            others: Watts of another program, which computes all along.
        """
        dt, next_look = 0.01, self.now + look
        for _ in range(round(seconds / dt)):
            self.now += dt
            self.register += (IDLE + watts + others) * dt
            self.card += (IDLE + card_watts) * dt
            self.everyone += dt * (bool(others) + bool(watts))
            if job:
                self.jobs[job.id] = job
                self.seconds[job.id] = self.seconds.get(job.id, 0.0) + dt
                self.used[job.id] = self.used.get(job.id, 0.0) + (watts + card_watts) * dt
                self.own += dt * bool(watts)
            if self.now >= next_look:
                next_look += look
                self.look()
        self.look()

    def look(self) -> Any:
        return self.usage.settle([(job, self.seconds[id]) for id, job in self.jobs.items()])


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_job_is_told_what_was_integrated_outside(machine: Machine) -> None:
    machine.go(5.0)
    first, second = a_job("a"), a_job("b", "chat")
    for turn in range(20):  # the register wraps several times meanwhile
        machine.go(0.7, 45.0, first, look=0.3)
        machine.go(0.4, 20.0 + turn, second)
        machine.go(1.0)
    assert machine.register > 3 * REGISTER, "control: it wrapped"
    for job in (first, second):
        found = machine.usage.of(job)
        assert found.joules == pytest.approx(machine.used[job.id], rel=0.02)
        assert found.unmeasured == found.spread == 0.0
        assert found.busy == pytest.approx(machine.seconds[job.id])
    energy, plugins = machine.look()
    assert energy.joules == pytest.approx(machine.register - 290.0, rel=1e-6), "idle and all"
    assert [each.plugin for each in plugins] == ["chat", "image"]
    assert plugins[0].joules == pytest.approx(machine.used["b"], rel=0.02)


def test_what_other_programs_use_is_theirs(machine: Machine) -> None:
    machine.go(5.0)
    job = a_job()
    machine.go(30.0, 25.0, job, others=25.0)
    assert machine.usage.of(job).joules == pytest.approx(machine.used["a"], rel=0.02)


def test_two_jobs_at_once_share_by_their_time(machine: Machine) -> None:
    machine.go(5.0)
    both = a_job("a"), a_job("b")
    machine.jobs = {job.id: job for job in both}
    machine.seconds = {"a": 0.0, "b": 0.0}
    machine.look()
    machine.now += 4.0
    machine.register += 4.0 * (IDLE + 40.0)
    machine.own += 4.0
    machine.everyone += 4.0
    machine.seconds = {"a": 3.0, "b": 1.0}
    machine.look()
    assert machine.usage.of(both[0]).joules == pytest.approx(120.0)
    assert machine.usage.of(both[1]).joules == pytest.approx(40.0)


def test_a_card_is_charged_to_those_with_a_model_on_it(machine: Machine) -> None:
    card = EnergyMeter(lambda: machine.card, "a card", clock=lambda: machine.now)
    machine.usage.measure_with(machine.processor(), card)
    machine.go(5.0)
    painter, writer = a_job("a", on_card=True), a_job("b", "code")
    machine.go(10.0, 0.0, painter, card_watts=200.0)
    machine.go(10.0, 30.0, writer)
    found = machine.usage.of(painter)
    assert found.joules == pytest.approx(2000.0, rel=0.02)
    assert found.accelerator == pytest.approx(10.0)
    assert machine.usage.of(writer).accelerator == 0.0
    assert machine.usage.of(writer).joules == pytest.approx(300.0, rel=0.05)


def test_a_counter_that_vanishes_leaves_what_it_told(machine: Machine) -> None:
    machine.go(5.0)
    job = a_job()
    machine.go(10.0, 30.0, job)
    machine.is_broken = True
    machine.go(10.0, 30.0, job)
    found = machine.usage.of(job)
    assert found.joules == pytest.approx(300.0, rel=0.02), "of the time it was there, no less"
    assert found.unmeasured == pytest.approx(10.0), "and of the other the processor time"
    energy, _ = machine.look()
    assert energy.missing.startswith("No longer measured")
    assert energy.joules > 300.0


def test_a_counter_that_is_set_back_takes_nothing_away(machine: Machine) -> None:
    counter = [50_000.0]
    meter = EnergyMeter(lambda: counter[0], "a card", 60_000.0, clock=lambda: machine.now)
    machine.now, counter[0] = 1.0, 50_040.0
    assert meter.energy().joules == 40.0
    machine.now, counter[0] = 2.0, 3.0  # the driver was loaded anew: no wrap, which were 9963 J
    assert meter.energy().joules == 40.0
    machine.now, counter[0] = 3.0, 33.0
    assert meter.energy().joules == 70.0
    machine.now, counter[0] = 4.0, 9e9
    assert meter.energy().joules == 70.0


def test_until_a_rest_was_seen_a_typical_one_is_taken_off_and_said(machine: Machine) -> None:
    meter = EnergyMeter(machine.read, "a register", REGISTER, 8.0, clock=lambda: machine.now)
    machine.usage.measure_with(meter)
    job = a_job()
    machine.go(10.0, 30.0, job)
    found = machine.usage.of(job)
    assert found.joules - found.spread <= machine.used["a"] <= found.joules + found.spread
    assert found.spread == pytest.approx(80.0)


def test_without_a_counter_processor_time_is_told(machine: Machine, tmp_path: Path) -> None:
    machine.usage.measure_with(processor_meter(tmp_path))
    job = a_job()
    machine.go(10.0, 30.0, job)
    found = machine.usage.of(job)
    assert (found.joules, found.spread) == (0.0, 0.0)
    assert found.processor == found.unmeasured == pytest.approx(10.0)


def test_the_process_of_a_plugin_counts_for_its_job(machine: Machine) -> None:
    job = a_job(plugin="guest")
    machine.usage.settle([(job, 0.0)], {"guest": 5.0})
    machine.now += 10.0
    machine.usage.settle([(job, 0.01)], {"guest": 13.0, "other": 4.0})
    assert machine.usage.of(job).processor == pytest.approx(8.0 + 5.0)


def test_a_long_step_counts_while_it_is_made(machine: Machine) -> None:
    job = a_job()
    machine.now = 4.0
    assert [each.busy for each in machine.usage.settle([(job, 4.0)])[1]] == [4.0]
    machine.now = 6.0
    assert [each.busy for each in machine.usage.settle([(job, 5.0)])[1]] == [5.0], "not twice"


# --- the counters of the machine ---------------------------------------------------------------


def test_the_processors_counter_is_read_where_it_may_be(tmp_path: Path) -> None:
    for number in range(2):
        package = tmp_path / f"intel-rapl:{number}"
        package.mkdir()
        (package / "energy_uj").write_text("1000000")
        (package / "max_energy_range_uj").write_text("9000000")
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of a package, counted with it
    meter = processor_meter(tmp_path)
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("3500000")
    assert meter.energy().joules == 2.5
    assert "processor" in meter.energy().source
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    gone = meter.energy()
    assert "measured: the counter" in gone.missing
    assert gone.joules == 2.5


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_card_that_cannot_be_measured_is_said(kind: str) -> None:
    energy = card_meter(kind, "GPU-of-no-machine").energy()
    assert energy.missing.startswith("Not measured")
    assert not energy.source


def test_a_processor_that_cannot_be_measured_is_said(tmp_path: Path) -> None:
    assert processor_meter(tmp_path).energy().missing.startswith("Not measured")


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
